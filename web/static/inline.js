// A field of a list is changed on the spot: its form comes into a dialog, and
// the changed row takes the place of the old one. Without this file the same
// form is a page of its own.

const dialog = document.createElement('dialog');
document.body.append(dialog);
let row;
let opener;

const pageOf = async (response) => new DOMParser().parseFromString(await response.text(), 'text/html');

const show = (page) => {
  const form = page.querySelector('#inline');
  if (!form) return false;
  form.classList.remove('card', 'narrow');
  dialog.replaceChildren(document.adoptNode(form));
  dialog.setAttribute('aria-labelledby', 'inline-head');
  if (!dialog.open) dialog.showModal();
  form.querySelector('input:not([type=hidden]), select, textarea')?.focus();
  return true;
};

document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-inline]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  row = link.closest('tr');
  opener = link.getAttribute('href');
  const response = await fetch(link.href);
  if (!response.ok || !show(await pageOf(response))) location.href = link.href;
});

dialog.addEventListener('click', (event) => {
  if (event.target === dialog || event.target.closest('[data-close]')) {
    event.preventDefault();
    dialog.close();
  }
});

dialog.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
  const page = await pageOf(response);
  if (show(page)) return; // refused: the form says why
  const fresh = page.getElementById(row.id);
  if (!fresh) { // the row has left the list
    location.reload();
    return;
  }
  const chosen = row.querySelector('input[name=item]')?.checked;
  document.adoptNode(fresh);
  row.replaceWith(fresh);
  if (chosen) fresh.querySelector('input[name=item]').checked = true;
  fresh.classList.add('fresh');
  dialog.close();
  [...fresh.querySelectorAll('a[data-inline]')].find((link) => link.getAttribute('href') === opener)?.focus();
});
