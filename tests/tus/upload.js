// Uploads FILE to ENDPOINT with tus-js-client, as its manual shows; prints the upload's URL. The key is in KEY.
const fs = require("fs");
const tus = require("tus-js-client");

const [endpoint, file, chunkBytes] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  headers: { Authorization: `Bearer ${process.env.KEY}` },
  metadata: { filename: "Talk.mp4", filetype: "video/mp4" },
  uploadSize: fs.statSync(file).size,
  chunkSize: chunkBytes === "all" ? Infinity : Number(chunkBytes),
  uploadDataDuringCreation: process.env.WITH_CREATION === "yes",
  retryDelays: [0, 200, 500, 1000, 1000, 2000, 2000, 5000],
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(upload.url);
  },
});
upload.start();
