// Material asks each language link for a sitemap, and ours are pages: two failed requests a
// page. A blank in `rel` keeps the link what it is (rel is a list) and out of its selector.
for (const link of document.querySelectorAll("link[rel=alternate]")) link.rel += " ";
