// The combo box of kit/codes.html: HTMX brings the options, this moves among them and takes one. Without it the typed
// text is sent, and the page asks again when it fits several codes.
(() => {
  "use strict";
  const root = document.documentElement;
  if (root.dataset.codes) return;
  root.dataset.codes = "on";

  const parts = (node) => {
    const field = node.closest && node.closest("[data-codes]");
    if (!field) return null;
    return {
      field,
      text: field.querySelector("[data-codes-text]"),
      value: field.querySelector("[data-codes-value]"),
      list: field.querySelector("[role=listbox]"),
    };
  };
  const options = (one) => [...one.list.querySelectorAll("[role=option]")];

  const show = (one, open) => {
    one.list.hidden = !open;
    one.text.setAttribute("aria-expanded", String(open));
    if (!open) mark(one, null);
  };
  const mark = (one, option) => {
    options(one).forEach((each) => each.setAttribute("aria-selected", String(each === option)));
    if (option) {
      one.text.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      one.text.removeAttribute("aria-activedescendant");
    }
  };
  const take = (one, option) => {
    if (one.value) one.value.value = `${option.dataset.system}|${option.dataset.code}`;
    one.text.value = `${option.dataset.code} ${option.dataset.name}`;
    one.text.dataset.taken = one.text.value;
    show(one, false);
    one.field.dispatchEvent(new CustomEvent("code-picked", { bubbles: true, detail: { ...option.dataset } }));
  };

  document.addEventListener("input", (event) => {
    const one = parts(event.target);
    if (!one || event.target !== one.text) return;
    if (one.value) one.value.value = "";
    if (!one.text.value.trim()) show(one, false);
  });
  // Whatever HTMX brings is shown, unless the choice has been made or the field was left meanwhile.
  new MutationObserver((changes) => {
    for (const change of changes) {
      const one = parts(change.target);
      if (!one || change.target !== one.list) continue;
      const asks = document.activeElement === one.text && one.text.value !== one.text.dataset.taken;
      show(one, asks && one.list.children.length > 0 && one.text.value.trim() !== "");
    }
  }).observe(document.body || root, { childList: true, subtree: true });

  document.addEventListener("keydown", (event) => {
    const one = parts(event.target);
    if (!one || event.target !== one.text) return;
    const all = options(one);
    const open = !one.list.hidden;
    const at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      if (!open) show(one, true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(one, all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      if (at >= 0 || all.length === 1) take(one, all[Math.max(at, 0)]);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      event.preventDefault();
      show(one, false);
    } else if (event.key === "Tab") {
      show(one, false);
    }
  }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest && event.target.closest(".code-options [role=option]");
    if (!option) return;
    event.preventDefault();
    take(parts(option), option);
  });
  document.addEventListener("focusout", (event) => {
    const one = parts(event.target);
    if (one && event.target === one.text) show(one, false);
  });
})();
