"""All chapters as one HTML document, which Chromium prints and reads as XHTML."""

from __future__ import annotations

from html import escape

from babel.dates import format_date

from book.chapters import Book, Chapter

WORDS = {
    "fr": {
        "contents": "Table des matières",
        "version": "Version du {date}",
        "values": "Les lignes marquées d’un filet vert, qui commencent par <code>#&gt;</code>, "
        "sont ce que le code au-dessus d’elles a affiché quand ce livre a été fait, avec "
        "PyTorch\u00a0{torch}. Personne ne les a recopiées.",
        "gathered": "Les indices, les solutions et les réponses aux questionnaires se trouvent à "
        "la fin de chaque chapitre. Les explorateurs et les travaux pratiques, qui demandent un "
        "écran, sont sur le site{address}.",
        "licence": "© Les auteurs du Précis. Texte et figures\u00a0: "
        '<a href="https://creativecommons.org/licenses/by/4.0/deed.fr">CC BY 4.0</a>. '
        "Code\u00a0: MIT.",
        "authors": "Les auteurs du Précis",
    },
    "en": {
        "contents": "Contents",
        "version": "Version of {date}",
        "values": "The lines with a green rule, which begin with <code>#&gt;</code>, are what the "
        "code above them printed when this book was made, with PyTorch {torch}. Nobody copied "
        "them.",
        "gathered": "Hints, solutions and answers to self-tests stand at the end of each chapter. "
        "Explorers and labs, which need a screen, are on the site{address}.",
        "licence": "© The Précis authors. Text and figures: "
        '<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>. Code: MIT.',
        "authors": "The Précis authors",
    },
}


def join(book: Book, styles: str) -> str:
    """Return the document: title, contents, parts; each `section` of it is a file of the EPUB."""
    body = [_title(book), _contents(book)]
    running = []
    for part in book.parts:
        listed = "".join(f"<li>{_entry(chapter)}</li>" for chapter in part.chapters)
        body.append(
            f'<section id="{part.slug}" class="part"><h1>{escape(part.title)}</h1>'
            f"<ul>{listed}</ul></section>"
        )
        for chapter in part.chapters:
            # at the foot of its pages stands the title of a chapter
            quoted = chapter.title.replace("\\", r"\\").replace('"', r"\"")
            running.append(f'@page {chapter.slug} {{ @bottom-left {{ content: "{quoted}" }} }}')
            body.append(
                f'<section id="{chapter.slug}" class="chapter" style="page: {chapter.slug}">'
                f"{chapter.html}</section>"
            )
    return (
        f'<!doctype html><html lang="{book.language}"><head><meta charset="utf-8">'
        f"<title>{escape(book.title)}</title><style>{styles}\n{chr(10).join(running)}</style>"
        f"</head><body>{''.join(body)}</body></html>"
    )


def _title(book: Book) -> str:
    words = WORDS[book.language]
    date = format_date(book.date, "long", book.language)
    address = f', <a href="{book.address}">{book.address}</a>' if book.address else ""
    return (
        f'<section id="title" class="title"><div><p class="name">{escape(book.title)}</p>'
        f"<p>{escape(book.about)}</p></div>"
        f"<div><p>{words['values'].format(torch=book.torch)}</p>"
        f"<p>{words['gathered'].format(address=address)}</p>"
        f"<p>{words['version'].format(date=date)}. {words['licence']}</p></div></section>"
    )


def _contents(book: Book) -> str:
    """Return what an EPUB wants as its list of contents, with room for numbers of pages."""
    parts = ""
    for part in book.parts:
        parts += f'<li><a href="#{part.slug}">{escape(part.title)}</a><ol>'
        for chapter in part.chapters:
            sections = "".join(
                f'<li><a href="#{name}">{escape(title)}</a></li>'
                for name, title in chapter.sections
            )
            parts += f'<li>{_entry(chapter)}<a class="page" href="#{chapter.slug}"></a>'
            parts += f"<ol>{sections}</ol></li>" if sections else "</li>"
        parts += "</ol></li>"
    title = WORDS[book.language]["contents"]
    return (
        f'<section id="contents" class="contents"><nav epub:type="toc"><h1>{title}</h1>'
        f"<ol>{parts}</ol></nav></section>"
    )


def _entry(chapter: Chapter) -> str:
    number = f"{chapter.number}\u2002" if chapter.number else ""
    return f'<a href="#{chapter.slug}">{number}{escape(chapter.title)}</a>'
