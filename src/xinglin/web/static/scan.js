// Reads a QR code from the camera into the form of [data-scan], and sends it. Without a camera the field serves alone.
(() => {
  "use strict";
  const form = document.querySelector("[data-scan]");
  if (!form || !navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;
  const start = form.querySelector("[data-scan-start]");
  const stop = form.querySelector("[data-scan-stop]");
  const says = form.querySelector("[data-scan-says]");
  const video = form.querySelector("video");
  const field = form.querySelector("[name=code]");
  const canvas = document.createElement("canvas");
  let stream = null;
  start.hidden = false;

  const reader = () => new Promise((resolve, reject) => {
    if (window.jsQR) { resolve(window.jsQR); return; }
    const script = document.createElement("script");
    script.src = form.dataset.reader;
    script.onload = () => resolve(window.jsQR);
    script.onerror = reject;
    document.head.append(script);
  });

  const end = () => {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = stop.hidden = true;
    start.hidden = false;
    says.textContent = "";
  };

  const look = (read) => {
    if (!stream) return;
    if (video.readyState >= video.HAVE_ENOUGH_DATA) {
      const scale = Math.min(1, 640 / video.videoWidth);
      canvas.width = video.videoWidth * scale;
      canvas.height = video.videoHeight * scale;
      const drawn = canvas.getContext("2d", { willReadFrequently: true });
      drawn.drawImage(video, 0, 0, canvas.width, canvas.height);
      const picture = drawn.getImageData(0, 0, canvas.width, canvas.height);
      const found = read(picture.data, picture.width, picture.height, { inversionAttempts: "dontInvert" });
      if (found && found.data) {
        end();
        field.value = found.data;
        form.requestSubmit();
        return;
      }
    }
    setTimeout(() => look(read), 100);
  };

  start.addEventListener("click", async () => {
    try {
      const read = await reader();
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = stop.hidden = false;
      start.hidden = true;
      says.textContent = says.dataset.seeking;
      await video.play();
      look(read);
    } catch {
      end();
      says.textContent = says.dataset.none;
    }
  });
  stop.addEventListener("click", end);
  // A scanner goes on with the next code: what was sent is taken out of the field.
  document.addEventListener("htmx:after:swap", () => { field.value = ""; field.focus(); });
})();
