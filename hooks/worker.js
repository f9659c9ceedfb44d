// Keeps the whole book for reading without network. hooks/offline.py fills in the next two lines.
const version = "VERSION";
const files = ["FILES"];

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(
    caches.open(version).then((cache) =>
      cache.addAll(files.map((file) => new Request(new URL(file, location), { cache: "no-cache" }))),
    ),
  );
});

addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys())
        if (name.startsWith("precis-") && name !== version) await caches.delete(name);
      await clients.claim();
    })(),
  );
});

// What the network has is newer; what is kept is there when the network is not. A kept file is
// answered under the address that was asked for: the search's worker reads its own.
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(
    fetch(request).catch(async () => {
      const cache = await caches.open(version);
      const kept = await cache.match(request, { ignoreSearch: true });
      return kept ? new Response(kept.body, kept) : Response.error();
    }),
  );
});
