// The code of a place, read by the camera in the page and sent at once: it counts for a minute and a half.
const form = document.querySelector("[data-at-place]");
const opener = form.querySelector("[data-open]");
const box = form.querySelector("[data-scan]");
const video = box.querySelector("video");
const WIDTH = 960;
const FRAME_MS = 120;
let stream = null;

function say(what) { for (const one of form.querySelectorAll("[data-says]")) one.hidden = one.dataset.says !== what; }

function close() {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  box.hidden = true;
  opener.hidden = false;
}

// (picture) => text or null.
async function eye() {
  const rules = new URL(form.dataset.rules, location.href).href;
  const reader = await import(`${rules}/vendor/zxing/reader/index.js`);
  await reader.prepareZXingModule({ overrides: { locateFile: () => `${rules}/vendor/zxing/zxing_reader.wasm` }, fireImmediately: true });
  return async (picture) => {
    const [found] = await reader.readBarcodes(picture, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
    return found && found.isValid ? found.text : null;
  };
}

async function look() {
  const isWanted = stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 } } });
  video.srcObject = stream;
  await video.play();
  const read = await eye();
  const canvas = document.createElement("canvas"), brush = canvas.getContext("2d", { willReadFrequently: true });
  while (stream === isWanted) {
    if (video.videoWidth) {
      const scale = Math.min(1, WIDTH / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      brush.drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = await read(brush.getImageData(0, 0, canvas.width, canvas.height));
      if (text && text.startsWith("LFP:")) { close(); form.elements.code.value = text; form.requestSubmit(); return; }
      if (text) say("other");
    }
    await new Promise((next) => { setTimeout(next, FRAME_MS); });
  }
}

opener.addEventListener("click", () => {
  if (!form.querySelector("[name=person]:checked")) { say("nobody"); return; }
  say("");
  box.hidden = false;
  opener.hidden = true;
  look().catch((error) => {
    close();
    say("no_camera");
    form.querySelector("[data-typed]").open = true;
    form.dataset.failed = String(error);
  });
});
box.querySelector("[data-close]").addEventListener("click", close);
addEventListener("pagehide", close);

if (navigator.mediaDevices && navigator.mediaDevices.getUserMedia) opener.hidden = false;
else { say("no_camera"); form.querySelector("[data-typed]").open = true; }
