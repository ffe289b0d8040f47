// The decoder, off the page's thread and under a policy of its own: the one place where WebAssembly may be compiled.
importScripts("/static/vendor/zxing-reader-3.1.4.js");

// Left alone, the library would fetch its other half from a foreign host.
const overrides = { locateFile: () => "/static/vendor/zxing_reader-3.1.4.wasm" };
ZXingWASM.prepareZXingModule({ fireImmediately: true, overrides })
  .then(() => postMessage({ ready: true }), (reason) => postMessage({ fatal: String(reason) }));

const WANTED = { formats: ["QRCode"], maxNumberOfSymbols: 1, tryHarder: true, tryInvert: false, tryDownscale: true };
let canvas;
let pen;

onmessage = async ({ data: { id, bitmap, image } }) => {
  try {
    if (bitmap) {
      if (!canvas || canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        pen = canvas.getContext("2d", { willReadFrequently: true });
      }
      pen.drawImage(bitmap, 0, 0);
      bitmap.close();
      image = pen.getImageData(0, 0, canvas.width, canvas.height);
    }
    const [hit] = await ZXingWASM.readBarcodes(image, WANTED);
    postMessage({ id, text: hit && hit.isValid ? hit.text : null });
  } catch (reason) {
    postMessage({ id, error: String(reason) });
  }
};
