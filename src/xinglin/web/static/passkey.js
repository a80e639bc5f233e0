// Forms with data-passkey ask the browser for a passkey before they are sent; without this script they say so.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function ask(kind, options) {
    options.challenge = bytes(options.challenge);
    if (kind === "create") {
      options.user.id = bytes(options.user.id);
      options.excludeCredentials = named(options.excludeCredentials);
      const made = await navigator.credentials.create({ publicKey: options });
      return { made, response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) } };
    }
    options.allowCredentials = named(options.allowCredentials);
    const made = await navigator.credentials.get({ publicKey: options });
    const given = made.response;
    return {
      made,
      response: {
        clientDataJSON: text(given.clientDataJSON),
        authenticatorData: text(given.authenticatorData),
        signature: text(given.signature),
        userHandle: given.userHandle ? text(given.userHandle) : null,
      },
    };
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      const fault = form.querySelector("[data-passkey-fault]");
      fault.hidden = true;
      try {
        const { made, response } = await ask(form.dataset.passkey, JSON.parse(form.dataset.options));
        form.elements.credential.value = JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
        form.submit();
      } catch {
        fault.hidden = false;
      }
    });
  }
})();
