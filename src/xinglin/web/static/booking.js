// Counts a hold down, and speaks a call where the browser can; everything stands on the page without it.
(() => {
  "use strict";
  const tick = () => {
    document.querySelectorAll("[data-countdown]").forEach((one) => {
      if (!one.dataset.end) one.dataset.end = String(Date.now() + 1000 * Number(one.dataset.countdown));
      const left = Math.round((Number(one.dataset.end) - Date.now()) / 1000);
      const shown = one.querySelector("[data-left]") || one.appendChild(Object.assign(document.createElement("b"), { className: "tabular" }));
      shown.dataset.left = "";
      shown.textContent = left > 0 ? ` ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : ` ${one.dataset.over}`;
    });
  };
  if (document.querySelector("[data-countdown]")) { tick(); setInterval(tick, 1000); }

  // The screen says a call once: when ticket or count of calls changes, after somebody has allowed sound by a button.
  const on = document.querySelector("[data-speak-on]");
  if (!on) return;
  const heard = new Map();
  let speaking = false;
  const say = (one) => {
    if (one.dataset.sound) { new Audio(one.dataset.sound).play().catch(() => {}); return; }
    if (!window.speechSynthesis) return;
    const words = new SpeechSynthesisUtterance(one.dataset.speak);
    words.lang = document.documentElement.lang;
    window.speechSynthesis.speak(words);
  };
  const look = () => {
    document.querySelectorAll("[data-speak]").forEach((one) => {
      const before = heard.get(one.dataset.room);
      heard.set(one.dataset.room, one.dataset.call);
      if (speaking && one.dataset.call && before !== one.dataset.call) say(one);
    });
  };
  look();
  on.hidden = false;
  on.addEventListener("click", () => { speaking = true; heard.clear(); on.hidden = true; look(); });
  new MutationObserver(look).observe(document.querySelector("main"), { childList: true, subtree: true });
})();
