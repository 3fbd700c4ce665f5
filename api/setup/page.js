// The secret stands behind the # of the address, which browsers keep to
// themselves: it reaches the server only in the body of the one request below.
const at = (id) => document.getElementById(id);
const secret = location.hash.slice(1);

function refuse(text) {
  at("problem").textContent = text;
  at("problem").hidden = false;
}

if (secret === "") {
  refuse("This address lacks its one-time secret. Open the whole link that the program printed when it started.");
} else {
  at("form").hidden = false;
}

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("problem").hidden = true;
  const body = { secret, name: at("name").value };
  if (at("email").value !== "") {
    body.email = at("email").value;
  }
  try {
    const response = await fetch("/api/v1/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) {
      refuse(answer.detail);
      return;
    }
    history.replaceState(null, "", "/setup");
    at("form").hidden = true;
    at("who").textContent = answer.person.name;
    at("token").textContent = answer.token.secret;
    at("done").hidden = false;
  } catch {
    refuse("The service did not answer. Try again in a moment.");
  }
});

at("copy").addEventListener("click", () => navigator.clipboard.writeText(at("token").textContent));
