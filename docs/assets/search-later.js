// Material fetches its index of the whole book, and reads it, on each page that opens. Here that
// waits until somebody searches, or comes from a search. Runs before Material's own script.
{
  const { open, send } = XMLHttpRequest.prototype;
  const delayed = new WeakSet();
  const wanted = new Promise((resolve) => {
    if (/[?&][hq]=/.test(location.search)) resolve();
    const look = () => {
      const asked = document.activeElement?.matches(".md-search__input") || document.querySelector("#__search")?.checked;
      if (asked) resolve();
    };
    for (const kind of ["focusin", "change"]) document.addEventListener(kind, look);
  });
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (String(address).endsWith("/search/search_index.json")) delayed.add(this);
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (delayed.has(this)) wanted.then(() => send.call(this, body));
    else send.call(this, body);
  };
}
