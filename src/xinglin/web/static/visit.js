// A conversation: the newest words are in sight, Ctrl+Enter sends, and a visit that moved on shows what can be done now.
(() => {
  "use strict";
  const newest = () => {
    const all = document.querySelectorAll(".talk-one");
    if (all.length > 4) all[all.length - 1].scrollIntoView({ block: "nearest" });
  };
  newest();
  // The live part brings the new state; what stands around it is loaded anew, unless somebody is writing.
  const state = () => (document.querySelector("[data-state]") || { dataset: {} }).dataset.state;
  const writing = () => [...document.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);
  const first = state();
  // What is being sent goes on: to load the page anew would break it off.
  let sending = false;
  document.addEventListener("submit", (event) => (sending = !event.defaultPrevented));
  new MutationObserver(() => {
    if (state() && state() !== first && !writing() && !sending) location.reload();
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest && event.target.closest("[data-say]");
    if (form && event.key === "Enter" && event.ctrlKey) form.requestSubmit(form.querySelector("button[value=say]"));
  });
  // A voice message: pressed once it records, pressed again (or after a minute) it is sent as a file of the form.
  const voice = document.querySelector("[data-voice]");
  if (!voice || !window.MediaRecorder || !MediaRecorder.isTypeSupported("audio/webm")) return;
  voice.hidden = false;
  let recorder = null;
  const shows = (on) => {
    voice.setAttribute("aria-pressed", String(on));
    voice.querySelector("span").textContent = voice.dataset[on ? "on" : "off"];
  };
  voice.addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) { voice.hidden = true; return; }
    const pieces = [];
    recorder = new MediaRecorder(stream, { mimeType: "audio/webm", audioBitsPerSecond: 24000 });
    const end = setTimeout(() => recorder && recorder.stop(), 60000);
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      clearTimeout(end);
      for (const track of stream.getTracks()) track.stop();
      recorder = null;
      shows(false);
      const form = voice.closest("form");
      const chosen = new DataTransfer();
      chosen.items.add(new File(pieces, "voice.webm", { type: "audio/webm" }));
      form.querySelector("input[type=file]").files = chosen.files;
      form.requestSubmit(form.querySelector("button[value=say]"));
    };
    recorder.start();
    shows(true);
  });
})();
