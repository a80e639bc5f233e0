// One's line in a visit: picture and sound go from browser to browser (WebRTC); they find a way by words over our socket.
// Between each two stands one connection, by the pattern of perfect negotiation: of two offers at once the polite gives way.
(() => {
  "use strict";
  const root = document.querySelector("[data-line]");
  if (!root) return;
  const text = (key) => root.getAttribute(`data-t-${key}`) || "";
  const part = (name) => root.querySelector(`[data-${name}]`);
  const button = (name) => root.querySelector(`[data-do=${name}]`);
  const say = (key, more = "") => { part("said").textContent = text(key) + more; };
  if (!window.RTCPeerConnection || !navigator.mediaDevices) { say("no-devices"); button("join").hidden = true; return; }

  const SAMPLE_MS = 5000, SAMPLES = 3, PIECE_MS = 15000, TRIES = 6;
  const me = crypto.randomUUID();
  const peers = new Map();
  let medium = root.dataset.medium, local = null, socket = null, heard = "", joined = false, tries = 0, samples = [];
  let muted = false, dark = false;

  // -- one's own camera and microphone ------------------------------------------------------------------------------

  const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 20, max: 24 }, facingMode: "user" };
  const SOUND = { echoCancellation: true, noiseSuppression: true };

  async function open() {
    const wanted = { audio: SOUND, video: medium === "video" ? PICTURE : false };
    try {
      return await navigator.mediaDevices.getUserMedia(wanted);
    } catch (fault) {
      if (!wanted.video) throw fault;
      const sound = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
      say("no-camera");
      return sound;
    }
  }

  function show() {
    const tile = part("mine");
    const picture = local && local.getVideoTracks()[0];
    tile.hidden = !local;
    tile.querySelector("video").srcObject = local;
    dim(tile, !picture || dark);
    part("tiles").toggleAttribute("data-sound", medium === "audio");
    for (const one of document.querySelectorAll("[data-ladder] button")) one.hidden = one.value === medium;
    button("camera").hidden = !joined || !picture;
    for (const name of ["mute", "hang"]) button(name).hidden = !joined;
    button("join").hidden = joined || medium === "text" || medium === "call-back";
    const press = (name, on) => button(name).setAttribute("aria-pressed", String(on));
    press("mute", muted);
    press("camera", dark);
  }

  function dim(tile, on) {
    if (on) tile.dataset.dark = text("dark");
    else delete tile.dataset.dark;
  }

  function quiet() {
    if (!local) return;
    for (const track of local.getAudioTracks()) track.enabled = !muted;
    for (const track of local.getVideoTracks()) track.enabled = !dark;
  }

  // -- the others ---------------------------------------------------------------------------------------------------

  // Whoever comes calls; who is there answers, and adds its own tracks when it has been called.
  function meet(id, side, calls) {
    const known = peers.get(id);
    if (known) {
      if (calls && known.pc.connectionState !== "connected") known.pc.restartIce();
      return known;
    }
    const pc = new RTCPeerConnection({ iceServers: JSON.parse(root.dataset.ice) });
    const one = { id, pc, offering: false, ignoring: false, polite: me < id, tile: tileOf(side), waiting: [], found: [], frames: 0 };
    peers.set(id, one);
    pc.onnegotiationneeded = async () => {
      try {
        one.offering = true;
        await pc.setLocalDescription();
        send({ kind: "description", to: id, data: pc.localDescription });
      } finally {
        one.offering = false;
      }
    };
    // Ways are found some at a time: what comes within a moment goes as one word.
    pc.onicecandidate = ({ candidate }) => {
      if (candidate && one.found.push(candidate) === 1) setTimeout(() => send({ kind: "candidate", to: id, data: one.found.splice(0) }), 100);
    };
    pc.ontrack = ({ streams }) => {
      const video = one.tile.querySelector("video");
      if (video.srcObject !== streams[0]) video.srcObject = streams[0];
    };
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === "connected") { tell(); keep(); }
      if (pc.connectionState === "failed") (one.gone ? forget(id) : pc.restartIce());
      if (pc.connectionState === "disconnected" && one.gone) forget(id);
    };
    if (calls) add(one);
    return one;
  }

  function add({ pc }) {
    if (!pc.getSenders().some(({ track }) => track)) for (const track of local.getTracks()) pc.addTrack(track, local);
  }

  async function described(one, description) {
    const collides = description.type === "offer" && (one.offering || one.pc.signalingState !== "stable");
    one.ignoring = !one.polite && collides;
    if (one.ignoring) return;
    await one.pc.setRemoteDescription(description);
    for (const candidate of one.waiting.splice(0)) await one.pc.addIceCandidate(candidate);
    if (description.type === "offer") {
      add(one);
      await one.pc.setLocalDescription();
      send({ kind: "description", to: one.id, data: one.pc.localDescription });
    }
  }

  async function reached(one, candidate) {
    if (!one.pc.remoteDescription) { one.waiting.push(candidate); return; }
    try {
      await one.pc.addIceCandidate(candidate);
    } catch (fault) {
      if (!one.ignoring) throw fault;
    }
  }

  function forget(id) {
    const one = peers.get(id);
    if (!one) return;
    one.pc.close();
    one.tile.remove();
    peers.delete(id);
    if (!peers.size) { unkeep(); if (joined) say("left"); }
  }

  function tileOf(side) {
    const tile = document.createElement("figure");
    tile.className = "line-tile";
    tile.dataset.side = side;
    dim(tile, true);
    const video = document.createElement("video");
    video.autoplay = true;
    video.playsInline = true;
    const caption = document.createElement("figcaption");
    caption.textContent = text(side);
    video.setAttribute("aria-label", text(side));
    tile.append(video, caption);
    part("tiles").append(tile);
    return tile;
  }

  // -- words over the socket ----------------------------------------------------------------------------------------

  function send(word) {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(word));
  }

  function call() {
    const address = new URL(root.dataset.line, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("peer", me);
    if (heard) address.searchParams.set("after", heard);
    const mine = (socket = new WebSocket(address));
    let order = Promise.resolve(); // one word after the other
    mine.onmessage = ({ data }) => { order = order.then(() => hear(JSON.parse(data))).catch((fault) => console.warn(fault.message)); };
    mine.onclose = ({ code }) => {
      if (socket !== mine || !joined) return;
      if (code === 4401) return stop("over");
      if (code === 4409) return stop("full");
      if (code === 4410) return stop("moved");
      if (tries >= TRIES * 5) return stop("none");
      say("lost");
      setTimeout(() => joined && socket === mine && call(), Math.min(500 * 2 ** tries++, 8000));
    };
  }

  async function hear(word) {
    if (word.number !== undefined) heard = String(word.number);
    const one = word.from && peers.get(word.from);
    switch (word.kind) {
      case "begin":
        tries = 0;
        await take(word.now.medium);
        for (const other of word.others) meet(other.peer, other.side, true);
        tell();
        break;
      case "joined":
        meet(word.from, word.side, false).gone = false;
        break;
      case "description":
        if (one) await described(one, word.data);
        break;
      case "candidate":
        if (one) for (const candidate of word.data) await reached(one, candidate);
        break;
      case "left": // the socket; picture and sound may go on without it
        if (one) { one.gone = true; if (one.pc.connectionState !== "connected") forget(word.from); }
        break;
      case "bye":
      case "gone":
        forget(word.from);
        break;
      case "now":
        await take(word.now.medium);
        break;
    }
  }

  // What both use now: video, sound alone, or neither.
  async function take(wanted) {
    if (wanted === medium || !joined) { medium = wanted; return; }
    medium = wanted;
    samples = [];
    unkeep();
    if (medium !== "video" && medium !== "audio") { location.assign(root.dataset.back); return; }
    for (const track of local.getVideoTracks()) { track.stop(); local.removeTrack(track); }
    if (medium === "video") {
      const more = await navigator.mediaDevices.getUserMedia({ video: PICTURE }).catch(() => null);
      if (more) local.addTrack(more.getVideoTracks()[0]);
    }
    const picture = local.getVideoTracks()[0] || null;
    for (const { pc } of peers.values()) {
      const sender = pc.getTransceivers().find((one) => one.sender.track?.kind === "video" || one.picture)?.sender;
      for (const one of pc.getTransceivers()) if (one.sender === sender) one.picture = true;
      if (sender) await sender.replaceTrack(picture);
      else if (picture) pc.addTrack(picture, local);
    }
    quiet();
    show();
    tell();
    keep();
  }

  // Whether a picture comes is told by its frames: what tracks say of being muted is not true after two offers at once.
  setInterval(() => {
    for (const one of peers.values()) {
      const frames = one.tile.querySelector("video").getVideoPlaybackQuality().totalVideoFrames;
      dim(one.tile, medium !== "video" || frames === one.frames);
      one.frames = frames;
    }
  }, 1500);

  function tell() {
    if (!joined) return;
    say([...peers.values()].some(({ pc }) => pc.connectionState === "connected") ? "joined" : "waiting");
  }

  // -- how the line is ----------------------------------------------------------------------------------------------

  async function measure() {
    let rtt = 0, loss = 0, fps = null, seen = 0;
    for (const { pc } of peers.values()) {
      if (pc.connectionState !== "connected") continue;
      seen++;
      for (const one of (await pc.getStats()).values()) {
        if (one.type === "remote-inbound-rtp") {
          rtt = Math.max(rtt, (one.roundTripTime || 0) * 1000);
          loss = Math.max(loss, (one.fractionLost || 0) * 100);
        }
        if (one.type === "inbound-rtp" && one.kind === "video" && medium === "video" && one.framesPerSecond !== undefined)
          fps = Math.min(fps ?? 1000, one.framesPerSecond);
      }
    }
    if (!seen) return;
    samples = [...samples, { rtt, loss, fps }].slice(-SAMPLES);
    part("said").textContent = `${text("joined")} ${text(rtt > 800 || loss > 12 ? "bad" : rtt > 300 || loss > 4 ? "fair" : "good")}`;
    if (samples.length === SAMPLES && ++measured % SAMPLES === 0) send({ kind: "quality", data: { medium, samples } });
  }
  let measured = 0;
  setInterval(() => joined && measure(), SAMPLE_MS);

  // -- what is kept: one's own picture and sound, in pieces ---------------------------------------------------------

  let recorder = null, sending = Promise.resolve();

  function keep() {
    if (recorder || !local || !window.MediaRecorder || ![...peers.values()].some(({ pc }) => pc.connectionState === "connected")) return;
    const series = crypto.randomUUID().replaceAll("-", "");
    let number = 0;
    const mine = (recorder = new MediaRecorder(new MediaStream(local.getTracks()), {
      mimeType: local.getVideoTracks().length ? "video/webm" : "audio/webm", videoBitsPerSecond: 200000, audioBitsPerSecond: 24000,
    }));
    mine.ondataavailable = ({ data }) => {
      if (!data.size) return;
      const piece = number++;
      sending = sending.then(() => post(series, piece, data));
    };
    mine.onstop = () => { if (recorder === mine) recorder = null; };
    mine.start(PIECE_MS);
  }

  function unkeep() {
    const mine = recorder;
    recorder = null;
    if (mine && mine.state !== "inactive") mine.stop();
  }

  async function post(series, number, data) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ csrf: root.dataset.csrf, act: "keep", series, number })) form.append(name, value);
    form.append("file", data, `${number}.webm`);
    for (let wait = 1000; wait <= 16000; wait *= 2) {
      const answer = await fetch(root.dataset.form, { method: "POST", body: form, headers: { "hx-request": "true" } }).catch(() => null);
      if (answer && answer.status < 500 && answer.status !== 429) { if (!answer.ok) say("unkept"); return; }
      await new Promise((done) => setTimeout(done, wait));
    }
    say("unkept");
  }

  // -- buttons ------------------------------------------------------------------------------------------------------

  function stop(why) {
    const last = samples.at(-1);
    if (last && (medium === "video" || medium === "audio")) send({ kind: "quality", data: { medium, samples: [last], over: true } });
    send({ kind: "bye" });
    joined = false;
    unkeep();
    for (const id of [...peers.keys()]) forget(id);
    if (socket) socket.close();
    if (local) for (const track of local.getTracks()) track.stop();
    local = socket = null;
    samples = [];
    show();
    say(why);
  }

  const acts = {
    async join() {
      say("asking");
      try {
        local = await open();
      } catch {
        say("no-devices");
        return;
      }
      joined = true;
      quiet();
      show();
      call();
    },
    mute() { muted = !muted; quiet(); show(); },
    camera() { dark = !dark; quiet(); show(); },
    hang() { stop("hung"); },
  };
  for (const [name, act] of Object.entries(acts)) button(name).addEventListener("click", act);
  addEventListener("pagehide", () => joined && stop("hung"));

  // The ladder: what the page's form does, without leaving the line; the socket tells both what came of it.
  const ladder = document.querySelector("[data-ladder]");
  if (ladder) ladder.addEventListener("submit", (event) => {
    if (!joined) return;
    event.preventDefault();
    const form = new FormData(ladder);
    form.set("medium", event.submitter.value);
    const last = samples.at(-1);
    if (last) form.set("quality", `rtt=${Math.round(last.rtt)} loss=${Math.round(last.loss)}`);
    fetch(ladder.action, { method: "POST", body: new URLSearchParams(form), headers: { "hx-request": "true" } });
  });
  show();
})();
