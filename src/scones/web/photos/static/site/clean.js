// A photo as it may leave this device: checked by its content, upright, and without what it tells
// beside the picture (place, time, camera). Lossless, unless it has to be turned.

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PNG_KEPT = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP"]);

export class Refused extends Error {}

/** @returns {Promise<Blob>} image/png or image/jpeg */
export async function clean(file, { maxBytes, maxPixels }) {
  if (file.size === 0) throw new Refused("The file is empty.");
  if (file.size > maxBytes) {
    const mb = (count) => (count / 1e6).toFixed(1);
    throw new Refused(`The file has ${mb(file.size)} MB; ${mb(maxBytes)} MB are allowed.`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const photo = PNG.every((byte, i) => bytes[i] === byte) ? readPng(bytes)
    : bytes[0] === 0xff && bytes[1] === 0xd8 ? readJpeg(bytes) : null;
  if (photo === null) throw new Refused("The file is no PNG and no JPEG picture.");
  // Known from the header: nothing is decoded yet.
  if (photo.width * photo.height > maxPixels) {
    throw new Refused(`The picture has too many pixels; ${maxPixels / 1e6} million are allowed.`);
  }
  const turned = photo.orientation > 1;
  const blob = turned ? file : new Blob(photo.parts, { type: photo.type });
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    throw new Refused("The picture is broken: it cannot be read to its end.");
  }
  const out = turned ? await redraw(bitmap, photo.type) : blob;
  bitmap.close();
  return out;
}

async function redraw(bitmap, type) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.95));
}

function readPng(bytes) {
  const view = new DataView(bytes.buffer);
  const photo = { type: "image/png", width: 0, height: 0, orientation: 1, parts: [bytes.subarray(0, 8)] };
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (name === "IHDR") [photo.width, photo.height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (PNG_KEPT.has(name)) photo.parts.push(bytes.subarray(at, end));
    if (name === "IEND") break; // what follows it is no picture
    at = end;
  }
  return photo;
}

function readJpeg(bytes) {
  const view = new DataView(bytes.buffer);
  const photo = { type: "image/jpeg", width: 0, height: 0, orientation: 1, parts: [bytes.subarray(0, 2)] };
  for (let at = 2; at + 2 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1];
    if (marker === 0xd9) { // what follows the end, such as the film of a moving photo, is left behind
      photo.parts.push(bytes.subarray(at, at + 2));
      break;
    }
    if (at + 4 > bytes.length) break;
    let end = at + 2 + view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) [photo.height, photo.width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
    if (marker === 0xe1) photo.orientation = Math.max(photo.orientation, orientation(view, at + 4, end));
    if (marker === 0xda) end = endOfScan(bytes, end);
    if (isKept(bytes, marker, at + 4)) photo.parts.push(bytes.subarray(at, end));
    at = end;
  }
  return photo;
}

/** Tables, frames and scans are the picture; of the rest only JFIF, Adobe and the colour profile. */
function isKept(bytes, marker, at) {
  if (marker === 0xfe) return false;
  if (marker < 0xe0 || marker > 0xef || marker === 0xe0 || marker === 0xee) return true;
  return marker === 0xe2 && String.fromCharCode(...bytes.subarray(at, at + 11)) === "ICC_PROFILE";
}

function endOfScan(bytes, at) {
  for (let i = bytes.indexOf(0xff, at); i >= 0 && i + 1 < bytes.length; i = bytes.indexOf(0xff, i + 1)) {
    const next = bytes[i + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return i;
  }
  return bytes.length;
}

/** EXIF's tag 0x0112, 1 to 8. */
function orientation(view, at, end) {
  if (at + 14 > end || end > view.byteLength || view.getUint32(at) !== 0x45786966) return 1;
  const tiff = at + 6;
  const little = view.getUint16(tiff) === 0x4949;
  const table = tiff + view.getUint32(tiff + 4, little);
  if (table + 2 > end) return 1;
  for (let i = 0, count = view.getUint16(table, little); i < count; i++) {
    const entry = table + 2 + 12 * i;
    if (entry + 12 > end) return 1;
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  }
  return 1;
}
