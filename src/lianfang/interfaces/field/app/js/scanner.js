// Codes come by camera, by a hardware scanner (fast letters and Enter) or by hand: all end in whoever listens last.

import { h, icon } from "./dom.js";
import { t } from "./texts.js";

// Outside of a field nobody types: whatever comes in one go is a scan. In a field a finger needs longer between two keys
// than a scanner, which types a whole code in the time of three.
const BURST_MS = 200;
const IN_FIELD_MS = 40;
const LEAST_BURST = 4;
const FRAME_MS = 130;
const WIDTH = 960;
export const CODES = ["QRCode", "Code128", "DataMatrix", "Code39", "ITF"];

const listeners = [];
let zxing = null;

// The newest listener hears a scan, until it stops listening. It gets (text, how): how = camera, scanner or typed.
export function onScan(listen) {
  listeners.push(listen);
  return () => {
    const place = listeners.indexOf(listen);
    if (place >= 0) listeners.splice(place, 1);
  };
}

export function heard(text, how) {
  const clean = text.trim();
  if (!clean || !listeners.length) return false;
  listeners[listeners.length - 1](clean, how);
  return true;
}

// ---- the hardware scanner

let burst = "", begunAt = 0, lastAt = 0, begunIn = null;

const isField = (node) => Boolean(node) && /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const now = event.timeStamp;
  if (event.key === "Enter" || event.key === "Tab") {
    const isTyped = isField(begunIn) && (now - begunAt) / burst.length > IN_FIELD_MS;
    if (burst.length >= LEAST_BURST && now - lastAt < BURST_MS && !isTyped && listeners.length) {
      event.preventDefault();
      event.stopPropagation();
      const text = burst, field = begunIn;
      burst = "";
      // What the scanner typed into a field it found under the cursor does not belong there.
      if (field && "value" in field && field.value.endsWith(text)) {
        field.value = field.value.slice(0, -text.length);
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      heard(text, "scanner");
    }
    burst = "";
    return;
  }
  if (event.key.length !== 1) return;
  if (!burst || now - lastAt > BURST_MS) { burst = ""; begunAt = now; begunIn = event.target; }
  burst += event.key;
  lastAt = now;
}

export function listenToKeys() { document.addEventListener("keydown", onKey, true); }

// ---- the camera

async function reader() {
  if (!zxing) {
    zxing = import("../vendor/zxing/reader/index.js").then(async (made) => {
      const wasm = new URL("../vendor/zxing/zxing_reader.wasm", import.meta.url).href;
      await made.prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
      return made;
    });
    zxing.catch(() => { zxing = null; });
  }
  return zxing;
}

const NATIVE = { QRCode: "qr_code", Code128: "code_128", DataMatrix: "data_matrix", Code39: "code_39", ITF: "itf" };

// (frame) => text or null. Chromium before 97 lets no WebAssembly run under this policy: there its own detector reads.
async function eye(formats) {
  try {
    const made = await reader();
    return async (image) => {
      const found = await made.readBarcodes(image, { formats, tryHarder: true, maxNumberOfSymbols: 1 });
      return found.length && found[0].isValid ? found[0].text : null;
    };
  } catch (error) {
    if (typeof BarcodeDetector !== "function") throw error;
    const detector = new BarcodeDetector({ formats: formats.map((name) => NATIVE[name]).filter(Boolean) });
    return async (image) => { const [found] = await detector.detect(image); return found ? found.rawValue : null; };
  }
}

// Opens the camera over the page. Resolves with {text, how}, or null where it was closed.
export function scanOnce({ formats = CODES, title } = {}) {
  return new Promise((resolve) => {
    let stream = null, isOver = false;
    const before = document.activeElement;
    const video = h("video", { class: "f-scan-video", muted: true, playsinline: "", autoplay: "" });
    const words = h("p", { class: "f-scan-words", role: "status" }, t("field_app.scan.starting"));
    const typed = h("input", { class: "form-control", autocomplete: "off", autocapitalize: "characters",
                               "aria-label": t("field_app.scan.type_it"), placeholder: t("field_app.scan.type_it") });
    const torch = h("button", { type: "button", class: "btn", hidden: true }, icon("sun"), t("field_app.scan.light"));
    const box = h("div", { class: "f-scan", role: "dialog", "aria-modal": "true", "aria-label": title || t("field_app.scan.title") },
      h("div", { class: "f-scan-frame" }, video, h("div", { class: "f-scan-aim" })),
      h("div", { class: "f-scan-foot" }, title ? h("h2", {}, title) : null, words,
        h("form", { class: "f-typed", onsubmit: (event) => { event.preventDefault(); if (typed.value.trim()) end(typed.value.trim(), "typed"); } },
          typed, h("button", { class: "btn btn-primary", type: "submit" }, t("field_app.ok"))),
        h("div", { class: "f-buttons" }, torch,
          h("button", { type: "button", class: "btn", onclick: () => end(null) }, icon("x"), t("field_app.close")))));
    const stopListening = onScan((text, how) => end(text, how));
    const onEscape = (event) => { if (event.key === "Escape") end(null); };
    document.addEventListener("keydown", onEscape);

    function end(text, how) {
      if (isOver) return;
      isOver = true;
      stopListening();
      document.removeEventListener("keydown", onEscape);
      if (stream) stream.getTracks().forEach((track) => track.stop());
      box.remove();
      if (before && before.focus) before.focus();
      resolve(text ? { text, how } : null);
    }

    async function look() {
      if (!navigator.mediaDevices) throw new DOMException("no camera here", "NotFoundError");
      stream = await navigator.mediaDevices.getUserMedia(
        { audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } });
      if (isOver) { stream.getTracks().forEach((track) => track.stop()); return; }
      video.srcObject = stream;
      await video.play();
      showTorch(stream.getVideoTracks()[0]);
      const read = await eye(formats);
      words.textContent = t("field_app.scan.aim");
      const canvas = document.createElement("canvas"), picture = canvas.getContext("2d", { willReadFrequently: true });
      while (!isOver) {
        if (video.videoWidth) {
          const scale = Math.min(1, WIDTH / video.videoWidth);
          canvas.width = Math.round(video.videoWidth * scale);
          canvas.height = Math.round(video.videoHeight * scale);
          picture.drawImage(video, 0, 0, canvas.width, canvas.height);
          const text = await read(picture.getImageData(0, 0, canvas.width, canvas.height));
          if (text) { if (navigator.vibrate) navigator.vibrate(60); end(text, "camera"); return; }
        }
        await new Promise((next) => setTimeout(next, FRAME_MS));
      }
    }

    function showTorch(track) {
      const can = track.getCapabilities ? track.getCapabilities() : {};
      if (!can.torch) return;
      let isOn = false;
      torch.hidden = false;
      torch.addEventListener("click", () => { isOn = !isOn; track.applyConstraints({ advanced: [{ torch: isOn }] }); });
    }

    document.body.append(box);
    look().catch((error) => {
      if (isOver) return;
      const key = { NotAllowedError: "denied", NotFoundError: "none", NotReadableError: "busy" }[error.name] || "failed";
      if (key === "failed") console.error(error);
      words.textContent = t(`field_app.scan.${key}`);
      typed.focus();
    });
  });
}
