"""From text to integers: byte-pair encoding, trained and used."""

# %% code-points
print([ord(c) for c in "été"])
#> [233, 116, 233]
print(chr(233), chr(116), chr(128011))
#> é t 🐋

# %% normalisation
import unicodedata

composed, combined = "\u00e9", "e\u0301"
print(composed, combined, composed == combined)
#> é é False
print(len(composed), len(combined))
#> 1 2
print(unicodedata.normalize("NFC", combined) == composed)
#> True

# %% utf8
for c in "eé—🐋":
    print(c, list(c.encode("utf-8")))
#> e [101]
#> é [195, 169]
#> — [226, 128, 148]
#> 🐋 [240, 159, 144, 139]
print(bytes([195, 169]).decode("utf-8"))
#> é

# %% texts
from pathlib import Path


def passage(language):
    file = Path(__file__).parent / "data" / f"verne.{language}.txt"
    text = file.read_text("utf-8").partition("\n\n")[2]  # (1)!
    return text.rstrip().rpartition("\n\n")[::2]  # (2)!


en, en_new = passage("en")
fr, fr_new = passage("fr")
print(len(en), len(en_new), repr(en[:29]))
#> 1790 715 'The year 1866 was signalised '
print(len(fr), len(fr_new), repr(fr[:29]))
#> 2051 717 "L'année 1866 fut marquée par "

# %% words
import re

words = sorted(set(re.findall(r"\w+", en)))
number = {word: n for n, word in enumerate(words)}
print(len(words), words[:5])
#> 181 ['1866', 'America', 'And', 'As', 'Europe']
new = set(re.findall(r"\w+", en_new))
print(len(new), len(new - set(words)))
#> 89 62
try:
    number["sandbank"]
except KeyError as error:
    print(type(error).__name__, error)
#> KeyError 'sandbank'

# %% toy-pairs
from collections import Counter

toy = list(b"banana band")
print(toy)
#> [98, 97, 110, 97, 110, 97, 32, 98, 97, 110, 100]
pairs = Counter(zip(toy, toy[1:]))
print(pairs.most_common(4))
#> [((97, 110), 3), ((98, 97), 2), ((110, 97), 2), ((97, 32), 1)]

# %% merge
def merge(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


toy = merge(toy, (97, 110), 256)
print(toy)
#> [98, 256, 256, 97, 32, 98, 256, 100]

# %% toy-again
pairs = Counter(zip(toy, toy[1:]))
best = min(pairs, key=lambda pair: (-pairs[pair], pair))  # (1)!
print(best, pairs[best])
#> (98, 256) 2
toy = merge(toy, best, 257)
print(toy)
#> [257, 256, 97, 32, 257, 100]

# %% merge-figure
import matplotlib.pyplot as plt

rows, spelt = [list(b"banana band")], {256: "an", 257: "ban"}
for pair, new in (((97, 110), 256), ((98, 256), 257)):
    rows.append(merge(rows[-1], pair, new))
figure, axis = plt.subplots(figsize=(5, 1.9))
for down, row in enumerate(rows):
    left = 0
    for n in row:
        text = spelt.get(n, chr(n)).replace(" ", "·")
        style = {"ec": f"C{max(n - 255, 0)}", "fc": "none"}
        corner = left + 0.06, -down
        box = plt.Rectangle(corner, len(text) - 0.12, 0.7, **style)
        axis.add_patch(box)
        middle = left + len(text) / 2, 0.22 - down
        axis.text(*middle, text, ha="center")
        left += len(text)
axis.set(xlim=(-0.1, 11.1), ylim=(-2.1, 0.8))
axis.axis("off")

# %% split
SPLIT = re.compile(r" ?\w+| ?[^\w\s]+|\s+")
print(SPLIT.findall("On the 20th of July, 1866"))
#> ['On', ' the', ' 20th', ' of', ' July', ',', ' 1866']
print(SPLIT.findall("l'objet ou de l'être"))
#> ['l', "'", 'objet', ' ou', ' de', ' l', "'", 'être']
assert all("".join(SPLIT.findall(text)) == text for text in (en, fr))

# %% count-pairs
def count_pairs(parts, times):
    pairs = Counter()
    for chunk, ids in parts.items():
        for pair in zip(ids, ids[1:]):
            pairs[pair] += times[chunk]
    return pairs

# %% train
def train(text, count):
    times = Counter(SPLIT.findall(text))
    parts = {chunk: list(chunk.encode("utf-8")) for chunk in times}
    merges = {}
    for new in range(256, 256 + count):
        pairs = count_pairs(parts, times)
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges[best] = new
        parts = {c: merge(ids, best, new) for c, ids in parts.items()}
    return merges


en_merges, fr_merges = train(en, 200), train(fr, 200)

# %% vocabulary
def vocabulary(merges):
    vocab = {n: bytes([n]) for n in range(256)}
    for (a, b), new in merges.items():
        vocab[new] = vocab[a] + vocab[b]
    return vocab


en_vocab, fr_vocab = vocabulary(en_merges), vocabulary(fr_merges)
print(len(en_vocab), len(fr_vocab))
#> 456 456

# %% first-merges
for merges, vocab in ((en_merges, en_vocab), (fr_merges, fr_vocab)):
    for (a, b), new in list(merges.items())[:6]:
        print(new, (a, b), vocab[a], "+", vocab[b])
#> 256 (32, 116) b' ' + b't'
#> 257 (105, 110) b'i' + b'n'
#> 258 (256, 104) b' t' + b'h'
#> 259 (32, 97) b' ' + b'a'
#> 260 (32, 111) b' ' + b'o'
#> 261 (101, 110) b'e' + b'n'
#> 256 (32, 100) b' ' + b'd'
#> 257 (101, 115) b'e' + b's'
#> 258 (101, 110) b'e' + b'n'
#> 259 (32, 108) b' ' + b'l'
#> 260 (32, 112) b' ' + b'p'
#> 261 (195, 169) b'\xc3' + b'\xa9'

# %% learned-en
from textwrap import fill


def show(vocab, n):
    text = vocab[n].decode("utf-8", "replace")  # (1)!
    return text.replace(" ", "·").replace("\n", "↵")


print(fill(" ".join(show(en_vocab, n) for n in range(256, 456)), 70))
#> ·t in ·th ·a ·o en it er ·the ·w ed on ·m ·in ·s ·of at es nd ·c ar
#> ion as is ent ·p ·it ic re ing ou ·and ·d ·e ·l id ·b ·f al an ct ly
#> or ·wh im ich ·ex ·h ap et ect ll os th ter ur ·to ents ous ·fa ·which
#> ·r bl em ject om ·this ·all ·ob ith ers ·was est ·con ass ist ·by ·A
#> ·u ·v cit if ig ious ot ov ow pp qu ul ·tim ind ·that ·as ·with ·se
#> ·sur ation ess arit ·its ·excit ·object ·surp ↵↵ ·n ·y ·en ·re ·qu ,�
#> Th ad abl ce el ger gre gth hap il ir lass nt og op ster ta to tin um
#> wo yster �� ·two ·thos ·at ·app ·on ength ere ern ·were ·mov ·mind
#> ·myster ·inter ated ·class ions ·ph ·pu our ·length ·be ally ·exist
#> apid ·fact ·rapid ements estion ·contin assed ·und ·vess ign arition
#> ·excited ·surpassed ·question ,— The able els ·those ·apparition
#> ·movements ·mysterious ·continents ·vessels ·" ·( ·1 ·E ·G ·I ·M ·N ·T
#> ·ent ·id ·ich ·est ·if ·gre ," 66 866 For

# %% learned-fr
print(fill(" ".join(show(fr_vocab, n) for n in range(256, 456)), 70))
#> ·d es en ·l ·p é on ai ·c ·de er ent ·s et ·a qu ur ou an ti ait ·m ar
#> is re ne ·qu te ·n us ·f ·i ·et ·� le ·des ·la tion li or ss ux ·les
#> ·par ers ant ·e ·u ·v in ment pr è aient ·ce ·sur ·à ·o ·r ·t ·en ·re
#> eur it jet lus lle ve ·plus ·qui ↵↵ ·b ·� ·é ac al av ir iv me om pp
#> tait tre �� enc ·pr ons ·cet ·que ·ni ·fait ·il ·ex ·un ·tou ·— ·j ab
#> ation ass bjet ci cu de ff ois um ·div end ·le ·lon ·ph én ér és ents
#> ·au ans ·mer eurs ations ·divers ·long ·L ·M ·Q ·S ·g ·h ·y ·� ·on ·ou
#> ·te ag ap as at au bli dm ex elle fois gn ie il ier ition ille ions
#> ign lait nents oc ol op os otion oin pli pè pass res tr tes ui un uis
#> vait xpli �tre ·dou ens ·pou ée ét était onti ·conti ·deux ·se ·ass
#> ·ave ·app ·adm que ticu ·mar arition ises istait nement nexpli ·nav
#> usqu ·in ·inexpli liè

# %% encode
def encode(text, merges):
    ids = []
    for chunk in SPLIT.findall(text):
        part = list(chunk.encode("utf-8"))
        for pair, new in merges.items():  # (1)!
            part = merge(part, pair, new)
        ids += part
    return ids


ids = encode("an unknown whale", en_merges)
print(ids)
#> [295, 334, 110, 107, 110, 342, 110, 299, 294, 101]
print([show(en_vocab, n) for n in ids])
#> ['an', '·u', 'n', 'k', 'n', 'ow', 'n', '·wh', 'al', 'e']

# %% decode
def decode(ids, vocab, errors="strict"):
    return b"".join(vocab[n] for n in ids).decode("utf-8", errors)


print(decode(ids, en_vocab))
#> an unknown whale
for text in (en, en_new, fr, fr_new, "🐋"):
    assert decode(encode(text, en_merges), en_vocab) == text
    assert decode(encode(text, fr_merges), fr_vocab) == text
print(encode("🐋", en_merges))
#> [240, 159, 144, 139]

# %% half
ids = encode("événement", en_merges)
print(ids)
#> [195, 169, 118, 195, 169, 110, 319, 280]
try:
    decode(ids[:1], en_vocab)
except UnicodeDecodeError as error:
    print(error)
#> 'utf-8' codec can't decode byte 0xc3 in position 0: unexpected end of data
print(decode(ids[:1], en_vocab, "replace"))
#> �
print(decode(ids[:2], en_vocab))
#> é

# %% half-learned
print([fr_vocab[n] for n in encode(" à", fr_merges)])
#> [b' \xc3\xa0']
print([fr_vocab[n] for n in encode(" île", fr_merges)])
#> [b' \xc3', b'\xae', b'le']

# %% special
MARK, END = "<|endoftext|>", 256 + len(en_merges)
en_vocab[END] = MARK.encode("utf-8")
ids = encode("one", en_merges) + [END] + encode("two", en_merges)
print(ids)
#> [267, 101, 456, 116, 387]
print(decode(ids, en_vocab))
#> one<|endoftext|>two

# %% forged
def careless(text, merges):
    first, *others = text.split(MARK)
    ids = encode(first, merges)
    for other in others:
        ids += [END] + encode(other, merges)
    return ids


typed = "one<|endoftext|>two"
print(careless(typed, en_merges))
#> [267, 101, 456, 116, 387]
print(encode(typed, en_merges))
#> [267, 101, 60, 124, 261, 100, 111, 102, 116, 101, 120, 116, 124, 62, 116, 387]
assert decode(encode(typed, en_merges), en_vocab) == typed

# %% cost
for merges in (en_merges, fr_merges):
    for text in (en_new, fr_new):
        n = len(encode(text, merges))
        print(n, len(text), f"{n / len(text):.3f}")
#> 386 715 0.540
#> 489 717 0.682
#> 487 715 0.681
#> 404 717 0.563

# %% why-merges
for text in (" in the presence of the", " en présence de la"):
    for merges, vocab in ((en_merges, en_vocab), (fr_merges, fr_vocab)):
        ids = encode(text, merges)
        print(len(ids), *(show(vocab, n) for n in ids))
#> 9 ·in ·the ·p r es en ce ·of ·the
#> 13 ·in ·t h e ·pr es enc e ·o f ·t h e
#> 12 ·en ·p r � � s en ce ·d e ·l a
#> 7 ·en ·pr és enc e ·de ·la

# %% why-bytes
for text in (en_new, fr_new):
    n = len(text.encode("utf-8"))
    print(n, n - len(text))
#> 715 0
#> 738 21
apart = unicodedata.normalize("NFD", fr_new)
bare = "".join(c for c in apart if not unicodedata.combining(c))
for merges in (en_merges, fr_merges):
    print(len(encode(fr_new, merges)), len(encode(bare, merges)))
#> 489 452
#> 404 398

# %% cost-figure

def costs(text, merges):
    times = Counter(SPLIT.findall(text))
    parts = {chunk: list(chunk.encode("utf-8")) for chunk in times}
    n = [sum(len(parts[c]) * times[c] for c in times)]
    for pair, new in merges.items():
        parts = {c: merge(ids, pair, new) for c, ids in parts.items()}
        n.append(sum(len(parts[c]) * times[c] for c in times))
    return [count / len(text) for count in n]


figure, axes = plt.subplots()
axes.plot(costs(en_new, en_merges), color="C0")
axes.plot(costs(en_new, fr_merges), color="C0", linestyle="--")
axes.plot(costs(fr_new, fr_merges), color="C1")
axes.plot(costs(fr_new, en_merges), color="C1", linestyle="--")
axes.set_xlabel("$m$")
axes.set_ylabel("$n/c$")
axes.set_ylim(0, 1.1)

# %% context
for text in (en_new, fr_new):
    n = len(encode(text, en_merges))
    print(1024 * len(text) // n)
#> 1896
#> 1501

# %% gpt2
print(f"{256 + 50_000 + 1:,}", len(en_vocab) == 256 + 200 + 1)
#> 50,257 True

# %% solution-bytes
for word in ("naïve", "œuvre", "2 €"):
    print(len(word), len(word.encode("utf-8")))
#> 5 6
#> 5 6
#> 3 5

# %% solution-third
pairs = Counter(zip(toy, toy[1:]))
print(set(pairs.values()))
#> {1}
print(min(pairs, key=lambda pair: (-pairs[pair], pair)))
#> (32, 257)

# %% bug-order
def backwards(text, merges):
    ids = []
    for chunk in SPLIT.findall(text):
        part = list(chunk.encode("utf-8"))
        for pair, new in reversed(merges.items()):
            part = merge(part, pair, new)
        ids += part
    return ids

# %% solution-order
ids = backwards(en_new, en_merges)
print(decode(ids, en_vocab) == en_new)
#> True
print(len(ids), len(encode(en_new, en_merges)))
#> 482 386
print([show(en_vocab, n) for n in backwards(" the", en_merges)])
#> ['·', 'th', 'e']

# %% solution-normalise
print(len(encode(fr_new, fr_merges)), len(encode(apart, fr_merges)))
#> 404 442
print(ascii(SPLIT.findall(unicodedata.normalize("NFD", "été"))))
#> ['e', '\u0301', 'te', '\u0301']
together = unicodedata.normalize("NFC", apart)
print(len(encode(together, fr_merges)))
#> 404

# %% solution-both
both = train(en + fr, 400)
half = dict(list(both.items())[:200])
for merges in (half, both):
    for text in (en_new, fr_new):
        n = len(encode(text, merges))
        print(len(merges), f"{n / len(text):.3f}")
#> 200 0.554
#> 200 0.586
#> 400 0.495
#> 400 0.516

# %% solution-yours
mine = "for i in range(3):\n    print(i, i * i)\n"
for merges, vocab in ((en_merges, en_vocab), (fr_merges, fr_vocab)):
    ids = encode(mine, merges)
    print(f"{len(ids) / len(mine):.3f}")
    print(*(show(vocab, n) for n in ids))
#> 0.846
#> f or · i ·in ·r an g e ( 3 ) : ↵ · · · · p r in t ( i , · i · * · i ) ↵
#> 0.744
#> f or ·i ·in ·r an g e ( 3 ) : ↵ · · · · pr in t ( i , ·i · * ·i ) ↵
