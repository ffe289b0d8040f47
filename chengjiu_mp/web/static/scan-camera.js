// The camera and its decoder: frames go to a worker, one at a time; texts come back.
const AWAY = 2000; // a code that left the picture this long ago may be read again

export class Camera {
  constructor({ video, found, failed }) {
    Object.assign(this, { video, found, failed, stream: null, worker: null, busy: true, frame: 0, last: "", seen: 0 });
  }

  // Why there can be no camera here; empty when there can.
  static missing() {
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") return "这个浏览器太旧，不能扫码。请输入票上的六位码。";
    if (!navigator.mediaDevices?.getUserMedia) return "这个浏览器不能用摄像头。请换手机自带的浏览器，或输入票上的六位码。";
    if (typeof createImageBitmap !== "function") return "这个浏览器太旧，不能扫码。请输入票上的六位码。";
    return "";
  }

  async open() {
    this.decoder();
    const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: wanted });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.next();
    try { this.awake = await navigator.wakeLock?.request("screen"); } catch { /* the screen may dim */ }
  }

  close() {
    for (const track of this.stream?.getTracks() || []) track.stop();
    this.awake?.release();
    this.stream = this.video.srcObject = null;
  }

  get torch() {
    const track = this.stream?.getVideoTracks()[0];
    return track?.getCapabilities?.().torch ? track : null;
  }

  decoder() {
    if (this.worker) return;
    this.worker = new Worker("/scan-worker.js");
    this.worker.onmessage = ({ data }) => this.read(data);
    this.worker.onerror = () => this.failed("扫码程序没有装上。请输入票上的六位码。");
  }

  read({ ready, fatal, text }) {
    if (fatal) return this.failed("扫码程序没有装上。请输入票上的六位码。");
    this.busy = false;
    if (ready) document.body.dataset.worker = "ready";
    if (!text) return;
    const again = text === this.last && performance.now() - this.seen < AWAY;
    this.last = text;
    this.seen = performance.now();
    if (!again) this.found(text);
  }

  next() {
    if (!this.stream) return;
    const then = () => this.grab();
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(then);
    else setTimeout(then, 100);
  }

  async grab() {
    this.next();
    if (this.busy || this.video.readyState < 2) return;
    this.busy = true; // frames are dropped, never queued
    try {
      const bitmap = await createImageBitmap(this.video);
      const offscreen = typeof OffscreenCanvas === "function";
      const picture = offscreen ? { bitmap } : { image: this.pixels(bitmap) };
      this.worker.postMessage({ id: ++this.frame, ...picture }, offscreen ? [bitmap] : []);
    } catch { this.busy = false; }
  }

  // For browsers whose workers cannot draw.
  pixels(bitmap) {
    this.canvas ||= document.createElement("canvas");
    Object.assign(this.canvas, { width: bitmap.width, height: bitmap.height });
    const pen = this.canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(bitmap, 0, 0);
    bitmap.close();
    return pen.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}
