// What the measurement adds to the scan page: when a code first came into the picture, when the answer stood there.
(() => {
  const MARK = 16; // pixels of the film's corner that are white while a code is held into the camera
  const noted = window.noted = { began: [], answers: [], decodes: [], looks: [] };
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let held = false;

  const plain = HTMLVideoElement.prototype.requestVideoFrameCallback;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (then) {
    return plain.call(this, (...facts) => {
      const at = performance.now();
      pen.drawImage(this, 0, 0, MARK, MARK, 0, 0, 1, 1);
      const now = pen.getImageData(0, 0, 1, 1).data[0] > 200;
      noted.looks.push(performance.now() - at);
      if (now && !held) noted.began.push(at);
      held = now;
      then(...facts);
    });
  };

  const sent = new Map();
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (data.text) noted.decodes.push(performance.now() - sent.get(data.id));
      });
    }

    postMessage(message, ...more) {
      sent.set(message.id, performance.now());
      super.postMessage(message, ...more);
    }
  };

  addEventListener("DOMContentLoaded", () => {
    const answer = document.querySelector("[data-answer]");
    if (!answer) return;
    const note = () => noted.answers.push({ at: performance.now(), look: answer.firstElementChild?.className || "" });
    new MutationObserver(note).observe(answer, { childList: true });
  });
})();
