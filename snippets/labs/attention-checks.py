"""Six checks for an attention, and ten damaged ones that they find."""

# %% [markdown] lang="fr"
# # Mettre une attention à l’épreuve
#
# Une attention fausse lève rarement une exception : elle donne un tenseur de la bonne forme, plein
# de nombres plausibles. Ce TP vous fait écrire la vôtre, puis lui pose six questions. À chacune, un
# nombre répond : zéro si tout va bien. Ensuite, dix attentions abîmées passent devant les mêmes
# questions, et l’on apprend à reconnaître chaque faute à ses nombres.
#
# !!! abstract "Objectifs"
#
#     À la fin de ce TP, vous saurez :
#
#     - énoncer six propriétés que doit avoir toute attention causale à plusieurs têtes ;
#     - les changer en mesures qui valent zéro ;
#     - reconnaître dix fautes courantes à ce que ces mesures affichent ;
#     - mettre à l’épreuve une attention que vous n’avez pas écrite.
#
#     Il faut avoir lu [l’attention](../attention.md) et [les têtes](../heads.md).
#
# ## Le contrat {#contract}
#
# Une attention reçoit des requêtes, des clés et des valeurs, de forme $[B, T, d]$, et un nombre de
# têtes ; elle rend un tenseur de la même forme. La voici en trois morceaux, que l’on pourra
# remplacer un à un : séparer les têtes, pondérer, recoller.

# %% [markdown] lang="en"
# # Test your own attention
#
# A wrong attention seldom raises an error: it gives a tensor of the right shape, full of plausible
# numbers. This lab has you write your own, and then asks it six questions. A number answers each
# of them: zero if all is well. Then ten damaged attentions face the same questions, and one learns
# to recognise each fault by its numbers.
#
# !!! abstract "Goals"
#
#     By the end of this lab, you will be able to:
#
#     - say six things that must be true of any causal attention with several heads;
#     - turn them into measurements that are zero;
#     - recognise ten common mistakes by what these measurements print;
#     - put an attention to the test that you have not written.
#
#     You should have read [attention](../attention.md) and [heads](../heads.md).
#
# ## The contract {#contract}
#
# An attention receives queries, keys and values, of shape $[B, T, d]$, and a number of heads; it
# returns a tensor of the same shape. Here it is in three pieces, which can be replaced one by
# one: separate the heads, weigh, join.

# %% pieces
import torch
import torch.nn.functional as F


def split(t, heads):
    B, T, d = t.shape
    return t.view(B, T, heads, d // heads).transpose(1, 2)


def weigh(scores):
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(future, float("-inf")).softmax(dim=-1)


def join(t):
    B, heads, T, size = t.shape
    return t.transpose(1, 2).reshape(B, T, heads * size)

# %% make
def make(split=split, weigh=weigh, join=join, scaled=True):
    def attention(q, k, v, heads):
        q, k, v = (split(t, heads) for t in (q, k, v))
        scores = q @ k.transpose(-2, -1)
        if scaled:
            scores = scores / q.shape[-1] ** 0.5
        return join(weigh(scores) @ v)

    return attention


attention = make()

# %% [markdown] lang="fr"
# ## À vous d’écrire {#yours}
#
# Dans le notebook de cette page, remplacez la cellule ci-dessus par votre propre attention, écrite
# comme vous voulez, pourvu qu’elle respecte le contrat ; puis exécutez le reste. Sur la page, c’est
# la nôtre qui passe l’épreuve. Les questions sont posées avec deux textes de six jetons, de huit
# nombres chacun, et avec deux têtes.

# %% [markdown] lang="en"
# ## Yours to write {#yours}
#
# In the notebook of this page, replace the cell above by an attention of your own, in whatever way
# you like, provided that it respects the contract; then run the rest. On the page, ours is put to
# the test. The questions are asked with two texts of six tokens, of eight numbers each, and two
# heads.

# %% numbers
torch.manual_seed(0)
B, T, d, heads = 2, 6, 8, 2
q, k, v = torch.randn(3, B, T, d).unbind()
print(attention(q, k, v, heads).shape)
#> torch.Size([2, 6, 8])

# %% [markdown] lang="fr"
# ## Six questions {#questions}
#
# **1. Est-ce une moyenne ?** Si toutes les valeurs sont 1, toute moyenne pondérée vaut 1. On mesure
# le plus grand écart à 1.
#
# **2. L’avenir est-il caché ?** On change le dernier jeton ; on mesure de combien bougent les
# sorties d’avant lui.
#
# **3. Le passé est-il vu ?** On change le premier jeton ; on compte les sorties suivantes qui ne
# bougent pas.
#
# Une attention où chaque jeton ne regarderait que lui-même serait parfaitement causale : c’est
# pourquoi la troisième question accompagne la deuxième.

# %% [markdown] lang="en"
# ## Six questions {#questions}
#
# **1. Is it a mean?** If all the values are 1, any weighted mean is 1. We measure the largest
# difference from 1.
#
# **2. Is the future hidden?** We change the last token, and measure how far the outputs before it
# move.
#
# **3. Is the past seen?** We change the first token, and count the later outputs that do not move.
#
# An attention that had only the token itself would be perfectly causal: that is why the third
# question goes with the second.

# %% change
def changed(t, where):
    t = t.clone()
    t[where] = t[where] + 1.0
    return t


def moved(f, where):
    other = (changed(t, where) for t in (q, k, v))
    return (f(*other, heads) - f(q, k, v, heads)).abs()

# %% first-three
def mean(f):
    return (f(q, k, torch.ones(B, T, d), heads) - 1).abs().max()


def future(f):
    return moved(f, (slice(None), T - 1))[:, : T - 1].max()


def past(f):
    by_position = moved(f, (slice(None), 0)).amax(dim=(0, 2))
    return (by_position[1:] < 1e-6).sum()


for check in (mean, future, past):
    print(check.__name__, f"{check(attention).item():.1f}")
#> mean 0.0
#> future 0.0
#> past 0.0

# %% [markdown] lang="fr"
# **4. Les textes sont-ils séparés ?** On change le premier texte ; on mesure de combien bouge
# le second.
#
# **5. Les têtes sont-elles séparées ?** On change les quatre derniers nombres de chaque jeton, ceux
# de la seconde tête ; on mesure de combien bougent les quatre premiers nombres des sorties.
#
# **6. Est-ce la bonne moyenne ?** On compare avec la fonction de PyTorch, tête par tête.

# %% [markdown] lang="en"
# **4. Are the texts kept apart?** We change the first text, and measure how far the second
# one moves.
#
# **5. Are the heads kept apart?** We change the last four numbers of each token, those of the
# second head, and measure how far the first four numbers of the outputs move.
#
# **6. Is it the right mean?** We compare with PyTorch’s function, head by head.

# %% last-three
def texts(f):
    return moved(f, 0)[1].max()


def halves(f):
    return moved(f, (slice(None), slice(None), slice(4, 8)))[..., :4].max()


def peer(f):
    parts = zip(*(t.split(d // heads, dim=-1) for t in (q, k, v)))
    right = torch.cat(
        [F.scaled_dot_product_attention(*p, is_causal=True) for p in parts],
        dim=-1,
    )
    return (f(q, k, v, heads) - right).abs().max()


for check in (texts, halves, peer):
    print(check.__name__, f"{check(attention).item():.1f}")
#> texts 0.0
#> halves 0.0
#> peer 0.0

# %% [markdown] lang="fr"
# Arrondies au dixième, les six mesures valent zéro. Une décimale suffit : les fautes se voient de
# loin, et les erreurs d’arrondi, de l’ordre du millionième, n’y paraissent pas.
#
# ## La galerie {#gallery}
#
# Dix attentions abîmées, chacune par un changement d’une ligne ou deux. Voici d’abord celles qui
# pondèrent mal. Avant de lire la table, cherchez, pour chacune, laquelle des six mesures ne sera
# pas nulle.

# %% [markdown] lang="en"
# Six zeros, to one decimal. One decimal is enough: the mistakes are seen from afar, and rounding
# errors, of the order of a millionth, do not show.
#
# ## The gallery {#gallery}
#
# Ten damaged attentions, each by a change of a line or two. First those that weigh badly. Before
# you read the table, find, for each of them, which of the six measurements will not be zero.

# %% bad-weights
def masked(scores, diagonal):
    future = torch.ones(scores.shape[-2:], dtype=torch.bool)
    return scores.masked_fill(future.triu(diagonal), float("-inf"))


def by_product(scores):
    infinite = torch.ones(scores.shape[-2:]).triu(1) * float("-inf")
    return (scores + infinite).softmax(dim=-1)


damaged = {
    "scale": make(scaled=False),
    "axis": make(weigh=lambda s: masked(s, 1).softmax(dim=-2)),
    "late": make(weigh=lambda s: s.softmax(dim=-1).tril()),
    "itself": make(weigh=lambda s: masked(s, 0).softmax(dim=-1)),
    "next": make(weigh=lambda s: masked(s, 2).softmax(dim=-1)),
    "product": make(weigh=by_product),
}

# %% [markdown] lang="fr"
# `scale` oublie la racine ; `axis` fait le softmax sur les colonnes ; `late` masque après le
# softmax ; `itself` cache aussi le jeton lui-même ; `next` laisse voir le suivant ; `product` fait
# son masque en multipliant par $-\infty$. Viennent ensuite celles qui rangent mal les nombres.

# %% [markdown] lang="en"
# `scale` forgets the root; `axis` takes the softmax over the columns; `late` masks after the
# softmax; `itself` hides the token itself too; `next` lets the following one be seen; `product`
# makes its mask by multiplying by $-\infty$. Then come those that put the numbers in the wrong
# place.

# %% bad-shapes
def view_alone(t, heads):
    B, T, d = t.shape
    return t.view(B, heads, T, d // heads)


def reshape_alone(t):
    B, heads, T, size = t.shape
    return t.reshape(B, T, heads * size)


def over_texts(q, k, v, heads):
    return attention(*(t.transpose(0, 1) for t in (q, k, v)), heads).transpose(0, 1)


damaged |= {
    "view": make(split=view_alone, join=reshape_alone),
    "join": make(join=reshape_alone),
    "batch": over_texts,
    "one head": lambda q, k, v, heads: attention(q, k, v, 1),
}

# %% [markdown] lang="fr"
# `view` sépare les têtes sans transposer, et les recolle de même ; `join` ne se trompe qu’en
# recollant ; `batch` prend l’axe des textes pour celui des jetons ; `one head` ne fait qu’une tête.

# %% [markdown] lang="en"
# `view` separates the heads without transposing, and joins them likewise; `join` is wrong in
# joining only; `batch` takes the axis of the texts for that of the tokens; `one head` makes a
# single head.

# %% table
checks = (mean, future, past, texts, halves, peer)
print(" " * 8, *(f"{check.__name__:>6}" for check in checks))
#>            mean future   past  texts halves   peer
for name, f in {"ours": attention, **damaged}.items():
    row = [check(f).item() for check in checks]
    print(f"{name:8}", *(f"{number:6.1f}" for number in row))
#> ours        0.0    0.0    0.0    0.0    0.0    0.0
#> scale       0.0    0.0    0.0    0.0    0.0    0.4
#> axis        1.6    0.8    0.0    0.0    0.0    1.9
#> late        1.0    0.8    0.0    0.0    0.0    1.3
#> itself      nan    nan    0.0    nan    nan    nan
#> next        0.0    0.4    0.0    0.0    0.0    2.0
#> product     nan    nan    0.0    nan    nan    nan
#> view        0.0    0.0    3.0    0.0    1.8    1.4
#> join        0.0    0.6    0.0    0.0    1.4    2.9
#> batch       0.0    0.0    5.0    1.2    0.0    2.0
#> one head    0.0    0.0    0.0    0.0    0.5    1.4

# %% [markdown] lang="fr"
# ## Lire la table {#reading}
#
# Aucune faute ne passe, et presque toutes ont leur signature.
#
# - `scale` ne se voit qu’à la dernière colonne : c’est une moyenne, elle est causale, elle voit le
#   passé, mais ce n’est pas la bonne moyenne. Sans référence, seul l’entraînement la trahirait.
# - `axis` : les lignes de poids n’ont plus pour somme 1, et chaque colonne dépend de tous les
#   jetons, donc aussi de ceux d’après.
# - `late` : le masque a retiré des poids sans rien rendre aux autres, et le softmax avait déjà lu
#   l’avenir.
# - `itself` et `product` : des `nan`. Dans le premier cas, seul le premier jeton n’a rien à
#   regarder ; dans le second, on trouve $0 \times \infty$ partout où l’on ne voulait rien cacher.
#   La colonne `past` vaut 0 sans que ce soit un bon signe : un `nan` n’est pas plus petit que le
#   seuil.
# - `next` : une moyenne impeccable, mais qui va un jeton trop loin. À l’entraînement, sa perte
#   serait très bonne, puisqu’elle lit la réponse.
# - `view` est la plus sournoise : la deuxième colonne est nulle, comme il se doit. C’est la
#   troisième qui la trahit, et la cinquième.
# - `join` : les sorties d’un jeton sont faites de morceaux d’autres jetons.
# - `batch` : les jetons d’un même texte ne se voient plus, et un texte voit l’autre.
# - `one head` respecte tout, sauf ce pour quoi l’on a plusieurs têtes.
#
# On en tire deux leçons. Une question seule ne suffit pas : chacune des cinq premières mesures est
# nulle pour plusieurs des dix fautes. Et la comparaison avec une référence les trouve toutes, mais
# ne dit pas ce qui ne va pas ; les cinq autres questions le disent, sauf pour `scale`, et n’ont
# pas besoin de référence.
#
# ## Ce que les six questions ne voient pas {#blind}
#
# Elles ne voient que la sortie, pour des nombres ordinaires, hors de l’entraînement. Elles laissent
# passer un dropout qui reste actif après `eval()`, un nombre trop grand en
# [demi-précision](../attention.md#wrong-masks), un masque de remplissage de sens inverse, un cache
# dont le masque est aligné du mauvais côté, et une attention deux fois trop lente.
#
# ## À retenir {#summary}
#
# - Une attention causale se prouve en changeant un jeton : ceux d’avant ne bougent pas, ceux
#   d’après bougent tous.
# - Des valeurs toutes égales à 1 disent si les poids ont 1 pour somme.
# - La forme de la sortie ne prouve rien.
#
# ## Exercices {#exercises}
#
# ### 1. Une onzième {#exercise-eleventh}
#
# Échangez les requêtes et les clés. Laquelle des six mesures le voit ? Répondez, puis affichez.
#
# ??? tip "Indice"
#
#     Le score de deux jetons devient celui du sens inverse. Est-ce encore une moyenne causale ?
#
# ### 2. Sans référence {#exercise-reference}
#
# Écrivez une septième question, sans comparer avec PyTorch, qui trouve `scale`.
#
# ??? tip "Indice"
#
#     Donnez des requêtes et des clés dont vous connaissez le produit scalaire, et comparez deux
#     poids : leur rapport est $e$ à la puissance de la différence des scores.
#
# ## Les solutions {#solutions}

# %% [markdown] lang="en"
# ## Reading the table {#reading}
#
# No mistake gets through, and nearly all of them have a signature.
#
# - `scale` shows in the last column only: it is a mean, it is causal, it sees the past; it is
#   not the right mean. Without a reference, nothing would give it away but training.
# - `axis`: the rows of weights no longer have the sum 1, and each column depends on all the
#   tokens, so on the later ones too.
# - `late`: the mask has taken weights away and given nothing back to the others, and the softmax
#   had already read the future.
# - `itself` and `product`: `nan`. In the first, only the first token has nothing to look at; in
#   the second, $0 \times \infty$ wherever nothing was to be hidden. The column `past` is 0, which
#   is no good sign: a `nan` is not smaller than the threshold.
# - `next`: a perfect mean, one token too far. In training its loss would be very good, since it
#   reads the answer.
# - `view` is the most insidious: the second column is zero, as it should be. The third gives it
#   away, and the fifth.
# - `join`: the outputs of a token are made of pieces of other tokens.
# - `batch`: the tokens of a text no longer see each other, and a text sees the other.
# - `one head` respects everything, except what several heads are for.
#
# Hence two lessons. One question is not enough: each of the first five is zero for several of the
# ten. And comparing with a reference finds them all, but does not say what is wrong; the other five
# say it for all but `scale`, and need no reference.
#
# ## What the six questions do not see {#blind}
#
# They see the output only, for ordinary numbers, outside training. They let through a dropout that
# stays on after `eval()`, a number too large for
# [half precision](../attention.md#wrong-masks), a padding mask of the opposite meaning, a cache
# whose mask is aligned on the wrong side, and an attention that is twice too slow.
#
# ## In short {#summary}
#
# - An attention is proven causal by changing a token: those before it do not move, and all those
#   after it do.
# - Values that are all 1 say whether the weights have the sum 1.
# - The shape of the output proves nothing.
#
# ## Exercises {#exercises}
#
# ### 1. An eleventh {#exercise-eleventh}
#
# Exchange queries and keys. Which of the six measurements sees it? Answer, then print.
#
# ??? tip "Hint"
#
#     The score of two tokens becomes that of the other direction. Is it still a causal mean?
#
# ### 2. Without a reference {#exercise-reference}
#
# Write a seventh question, without comparing with PyTorch, that finds `scale`.
#
# ??? tip "Hint"
#
#     Give queries and keys whose dot product you know, and compare two weights: their ratio is $e$
#     to the power of the difference of the scores.
#
# ## Solutions {#solutions}

# %% solution-eleventh
def swapped(q, k, v, heads):
    return attention(k, q, v, heads)


print(*(f"{check(swapped).item():.1f}" for check in checks))
#> 0.0 0.0 0.0 0.0 0.0 1.2

# %% [markdown] lang="fr"
# La dernière seulement : tout est à sa place, mais chaque jeton regarde ceux qui le cherchent, au
# lieu de ceux qu’il cherche.

# %% [markdown] lang="en"
# The last one only: everything is in its place, but each token looks at those that look for it,
# instead of those that it looks for.

# %% solution-reference
def ratio(f):
    q = torch.full((1, 2, 4), 2.0)
    k = torch.stack([torch.zeros(4), torch.ones(4)]).unsqueeze(0)
    v = torch.eye(2).repeat(1, 1, 2)  # (1)!
    first, second = f(q, k, v, 1)[0, 1, :2]
    return (second / first).log()


for f in (attention, damaged["scale"]):
    print(f"{ratio(f).item():.1f}")
#> 4.0
#> 8.0

# %% [markdown] lang="fr"
# 1.  Des valeurs qui forment la matrice identité : le second jeton rend ses deux poids.
#
# Les scores sont 0 et 8 ; divisés par $\sqrt{4} = 2$, ils diffèrent de 4 ; sans la division, de 8.

# %% [markdown] lang="en"
# 1.  Values that form the unit matrix: the output of the second token is its two weights.
#
# The scores are 0 and 8; divided by $\sqrt{4} = 2$, they differ by 4, and
# by 8 without the division.
