// Small comforts. Every page works without this file.

// Filters apply themselves when a choice changes.
for (const form of document.querySelectorAll('form[data-auto]')) {
  form.addEventListener('change', (event) => {
    if (event.target.matches('select, input[type=checkbox]')) form.requestSubmit();
  });
}

// A page with empty parameters has a shorter address.
for (const form of document.querySelectorAll('form[method=get]')) {
  form.addEventListener('submit', () => {
    for (const field of form.elements) if (field.name && field.value === '') field.disabled = true;
    setTimeout(() => { for (const field of form.elements) field.disabled = false; });
  });
}

// The bar for changing several rows shows once a row is chosen.
for (const form of document.querySelectorAll('form[data-bulk]')) {
  const bar = form.querySelector('.bulk');
  const choices = () => [...form.querySelectorAll('input[name=item]')]; // a row may have been replaced
  const all = form.querySelector('[data-all]');
  const count = form.querySelector('[data-count]');
  const show = () => {
    const boxes = choices();
    const n = boxes.filter((box) => box.checked).length;
    bar.hidden = n === 0;
    count.textContent = String(n);
    all.checked = n > 0 && n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
  };
  all.hidden = false;
  all.addEventListener('change', () => { for (const box of choices()) box.checked = all.checked; show(); });
  form.addEventListener('change', show);
  show();
}

// Menus close with Escape and with a click elsewhere.
const menus = [...document.querySelectorAll('details[data-menu]')];
document.addEventListener('click', (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of menus) if (menu.open) { menu.open = false; menu.querySelector('summary').focus(); }
});

// The secret of a one-time link stands behind the #, where no server log sees it.
const secret = document.querySelector('input[data-fragment]');
if (secret && location.hash.length > 1) {
  secret.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', location.pathname);
  const field = secret.closest('.field');
  if (field) field.hidden = true;
}

// Pictures of time begin with the present where they are wider than the window.
for (const box of document.querySelectorAll('#pic-late-weeks .pic-scroll, #pic-flow .pic-scroll')) box.scrollLeft = box.scrollWidth;

// Ask before what cannot be taken back.
for (const form of document.querySelectorAll('form[data-confirm]')) {
  form.addEventListener('submit', (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
}

// Facts are typed line by line; Ctrl or Command with Enter sends them, and the
// next ones go into the same field.
for (const form of document.querySelectorAll('form[data-quick]')) {
  const field = form.querySelector('textarea');
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
  });
  if (location.hash === '#facts') field.focus();
}

// Printing is the browser's; its dialog also saves as PDF.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}

// The refused form gets the focus, so that a screen reader begins there.
document.querySelector('[data-focus]')?.focus();
