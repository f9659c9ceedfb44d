// Keeps the whole book for reading without network. hooks/offline.py fills in the next two lines.
const version = "VERSION";
const files = { FILES: "hash of its content" };

const LIMIT = 2000; // milliseconds that the network has for what is stored
const HASHED = /\.[0-9a-f]{8}\.min\.(js|css)$/; // a name that changes with the content

const LIST = "precis-files.json"; // where a cache has its own list of files
const address = (file) => new URL(file, location).href;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(fill());
});

/** Fill this version's cache: from those of other versions, and what they lack from the network. */
async function fill() {
  const cache = await caches.open(version);
  const older = [];
  for (const name of await precisCaches()) {
    const other = await caches.open(name);
    older.push([other, (await (await other.match(address(LIST)))?.json()) ?? {}]);
  }
  await Promise.all(
    Object.entries(files).map(async ([file, hash]) => {
      const url = address(file);
      if (await cache.match(url)) return; // of an earlier try, cut short
      const [has] = older.find(([, list]) => list[file] === hash) ?? [];
      const stored = await has?.match(url);
      if (stored) return cache.put(url, stored);
      return cache.add(new Request(url, { cache: "no-cache" }));
    }),
  );
  await cache.put(address(LIST), Response.json(files));
}

const precisCaches = async () => (await caches.keys()).filter((name) => name.startsWith("precis-") && name !== version);

addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await precisCaches()) await caches.delete(name);
      await clients.claim();
    })(),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});

// What has a hash in its name is what it was. Of the rest, the network has the newer, but it may
// be slow, broken or away.
async function answer(request) {
  const cache = await caches.open(version);
  const { pathname } = new URL(request.url);
  const stored = await cache.match(request, { ignoreSearch: true });
  // under the address that was asked for: the search's worker reads its own
  const copy = () => new Response(stored.body, stored);
  if (stored && HASHED.test(pathname)) return copy();
  const network = fetch(request);
  if (!stored) return network.catch(() => missing(pathname, cache));
  const late = new Promise((resolve) => setTimeout(resolve, LIMIT));
  const first = await Promise.race([network.catch(() => {}), late]);
  return first && first.status < 500 ? first : copy();
}

/** What is not stored, when there is no network: a page that the book does not have. */
async function missing(pathname, cache) {
  if (pathname.split("/").at(-1).includes(".")) return Response.error(); // a file, as a notebook
  if (!pathname.endsWith("/") && (await cache.match(`${pathname}/`))) return Response.redirect(`${pathname}/`);
  const page = await cache.match(address("404.html"));
  return new Response(page.body, { status: 404, headers: page.headers });
}
