// Hears that something on this page has changed, and lets the parts that wait for it be fetched again.
(() => {
  "use strict";
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  let first = true;
  const tell = () => document.body.dispatchEvent(new CustomEvent("live"));
  // After each new beginning the page looks once: something may have been told in between.
  source.addEventListener("begin", () => { if (!first) tell(); first = false; });
  source.addEventListener("live", tell);
  addEventListener("pagehide", () => source.close());
})();
