// Pixels onto a canvas.

/* pixels: a picture (h, w, c), from 0 to 255; one channel is grey. */
function paint(canvas, pixels, [h, w, c]) {
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, {width: w, height: h});
  const image = new ImageData(w, h);
  for (let i = 0; i < h * w; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = pixels[i * c + (c === 1 ? 0 : k)];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
