"""Where gradients vanish and explode, measured layer by layer."""

# %% [markdown] lang="fr"
# # Où les gradients s’évanouissent et où ils explosent
#
# Dans un réseau profond, le gradient qui part de la perte traverse toutes les couches avant
# d’atteindre la première. Qu’en reste-t-il à l’arrivée ? Ce TP le mesure, couche par couche, sur
# des réseaux de trente couches, explique chaque mesure par un calcul d’une ligne, puis essaie
# quatre remèdes.
#
# !!! abstract "Objectifs"
#
#     À la fin de ce TP, vous saurez :
#
#     - mesurer la norme du gradient à l’entrée de chaque couche ;
#     - prévoir cette norme d’après l’écart type des poids et la fonction d’activation ;
#     - choisir l’initialisation qui la conserve ;
#     - dire ce qu’apporte chacun des remèdes : connexion résiduelle, normalisation de couche,
#       écrêtage du gradient.
#
#     Il faut avoir lu [Apprendre à partir d’exemples](../learning.md).
#
# ## Une chaîne de couches {#chain}
#
# Commençons par le réseau le plus simple qui soit profond : trente couches, chacune réduite à
# une matrice de poids, sans biais ni activation. Chaque poids est tiré au hasard, avec une
# moyenne nulle et un écart type `std`.

# %% [markdown] lang="en"
# # Where gradients vanish and where they explode
#
# In a deep network, the gradient that leaves the loss crosses every layer before it reaches the
# first. How much of it arrives? This lab measures it, layer by layer, in networks of thirty
# layers, explains each measurement by a calculation of one line, and then tries four cures.
#
# !!! abstract "Goals"
#
#     By the end of this lab, you will be able to:
#
#     - measure the norm of the gradient at the input of each layer;
#     - predict that norm from the standard deviation of the weights and the activation function;
#     - choose the initialisation that preserves it;
#     - say what each of the cures brings: residual connection, layer normalisation, gradient
#       clipping.
#
#     You should have read [Learning from examples](../learning.md).
#
# ## A chain of layers {#chain}
#
# Let us start with the simplest network that is deep: thirty layers, each of them a matrix of
# weights and nothing else, with neither bias nor activation. Each weight is drawn at random,
# with mean zero and standard deviation `std`.

# %% chain
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

depth, width = 30, 64


def draw(std, depth=depth):
    rng = torch.Generator().manual_seed(0)
    drawn = [torch.randn(width, width, generator=rng) for _ in range(depth)]
    return [std * w for w in drawn]


print(len(draw(0.1)), draw(0.1)[0].shape)
#> 30 torch.Size([64, 64])

# %% [markdown] lang="fr"
# Pour mesurer, on fait passer 256 exemples tirés au hasard, on donne à la sortie un gradient de
# norme 1, dans une direction tirée au hasard elle aussi, et on le laisse remonter. `retain_grad()`
# garde ce qui arrive entre deux couches. La fonction `layer` dit ce que fait une couche : elle
# changera d’une section à l’autre. (Un exemple est ici une ligne de `h`, et la couche calcule
# `h @ w`, sans transposer : `w` a une ligne par entrée, là où `nn.Linear` en a une par sortie.)

# %% [markdown] lang="en"
# To measure, we send 256 random examples through, give the output a gradient of norm 1, in a
# random direction too, and let it travel back. `retain_grad()` keeps what arrives between two
# layers. The function `layer` says what a layer does: it will change from section to section. (Here
# an example is a row of `h`, and the layer computes `h @ w`, without a transpose: `w` has one row
# for each input, where `nn.Linear` has one for each output.)

# %% measure
def arriving(weights, layer):
    rng = torch.Generator().manual_seed(1)
    h = torch.randn(256, width, generator=rng).requires_grad_()
    signals = [h]
    for w in weights:
        h = layer(h, w)
        h.retain_grad()
        signals.append(h)
    v = torch.randn(256, width, generator=rng)
    h.backward(v / v.norm())
    return [signal.grad.norm().item() for signal in signals]


def linear(h, w):
    return h @ w


norms = arriving(draw(0.1), linear)
print(len(norms), f"{norms[-1]:.2f}")
#> 31 1.00

# %% [markdown] lang="fr"
# Il y a 31 mesures : l’entrée, puis la sortie de chaque couche. La dernière vaut 1, puisque c’est
# le gradient que l’on donne.
#
# ## Un facteur par couche {#factor}
#
# La **norme** d’un vecteur $v$, notée $\|v\|$, est la racine de la somme des carrés de ses
# composantes. Que devient celle d’un gradient $v$ qui traverse une couche à rebours ? Il est
# multiplié par la transposée des poids. Chaque composante du résultat est une somme de $n$ produits
# $v_j w_{ij}$, où $n$ est la largeur. Les poids sont indépendants, de moyenne nulle et d’écart type
# $s$ : développez le carré de cette somme, et les produits de deux poids différents ont une moyenne
# nulle ; il reste les carrés, $v_j^2 s^2$ chacun en moyenne, donc $s^2 \|v\|^2$ en tout. Il y a $n$
# composantes :
#
# $$
# \|v W^\top\|^2 \approx n s^2 \|v\|^2, \qquad \|v W^\top\| \approx s \sqrt{n}\, \|v\|
# $$
#
# Autrement dit : chaque couche multiplie la norme par $s\sqrt{n}$, et trente couches par ce nombre à la
# puissance 30. Avec $n = 64$, la racine vaut 8 : prévoyez ce qui arrive à l’entrée du réseau pour
# $s = 0{,}1$, puis $0{,}125$, puis $0{,}15$. Chaque ligne affiche $s$, la norme à l’entrée, le
# facteur par couche que l’on en déduit, et le facteur prévu.

# %% [markdown] lang="en"
# There are 31 measurements: the input, then the output of each layer. The last one is 1, since
# that is the gradient we give.
#
# ## One factor a layer {#factor}
#
# The **norm** of a vector $v$, written $\|v\|$, is the root of the sum of the squares of its
# components. What becomes of that of a gradient $v$ that crosses a layer backwards? The gradient is
# multiplied by the transpose of the weights. Each component of the result is a sum of $n$ products
# $v_j w_{ij}$, where $n$ is the width. The weights are independent, with mean zero and standard
# deviation $s$: expand the square of that sum, and the products of two different weights have mean
# zero; the squares are left, $v_j^2 s^2$ each on average, hence $s^2 \|v\|^2$ in all. There are $n$
# components:
#
# $$
# \|v W^\top\|^2 \approx n s^2 \|v\|^2, \qquad \|v W^\top\| \approx s \sqrt{n}\, \|v\|
# $$
#
# In words: each layer multiplies the norm by $s\sqrt{n}$, and thirty layers by that number to the
# power 30. With $n = 64$ the root is 8: predict what arrives at the input of the network for
# $s = 0.1$, then $0.125$, then $0.15$. Each line prints $s$, the norm at the input, the factor a
# layer that follows from it, and the factor we expect.

# %% scales
scales = {std: arriving(draw(std), linear) for std in (0.1, 0.125, 0.15)}
for std, norms in scales.items():
    factor = norms[0] ** (1 / depth)
    expected = std * math.sqrt(width)
    print(f"{std:.3f} {norms[0]:9.4f} {factor:.3f} {expected:.3f}")
#> 0.100    0.0013 0.801 0.800
#> 0.125    1.0549 1.002 1.000
#> 0.150  250.4199 1.202 1.200

# %% [markdown] lang="fr"
# Trois écarts types voisins, trois destins. Avec un facteur de 0,8, il n’arrive à l’entrée qu’un
# peu plus d’un millième du gradient : on dit que le gradient **s’évanouit** (*vanishing
# gradient*). Avec 1,2, il en arrive 250 fois plus qu’il n’en est parti : le gradient **explose**
# (*exploding gradient*). Entre les deux, avec un facteur de 1, la norme se conserve.
#
# ![Trois courbes de la norme du gradient, en échelle logarithmique, de l’entrée du réseau à gauche
# à la sortie à droite. Toutes valent 1 à la sortie. Vers la gauche, celle de s = 0,1 descend
# jusque vers 0,001, celle de s = 0,125 reste près de 1, celle de s = 0,15 monte jusque vers
# 250.](scales-figure "Le code de la figure")
# La norme du gradient, de la sortie (à droite) à l’entrée : en échelle logarithmique, un facteur
# par couche donne une droite.

# %% [markdown] lang="en"
# Three standard deviations close to each other, three fates. With a factor of 0.8, little more
# than a thousandth of the gradient arrives at the input: the gradient **vanishes** (*vanishing
# gradient*). With 1.2, 250 times more arrives than left: the gradient **explodes** (*exploding
# gradient*). In between, with a factor of 1, the norm is preserved.
#
# ![Three curves of the norm of the gradient, on a logarithmic scale, from the input of the network
# on the left to its output on the right. All are 1 at the output. To the left, that of s = 0.1 goes
# down to about 0.001, that of s = 0.125 stays near 1, that of s = 0.15 goes up to about
# 250.](scales-figure "The code of the figure")
# The norm of the gradient from the output (right) to the input: on a logarithmic scale, one factor
# a layer makes a straight line.

# %% scales-figure
_, axes = plt.subplots()
for std, norms in scales.items():
    axes.semilogy(norms, label=f"$s$ = {std}")
axes.legend()
axes.grid(True)

# %% [markdown] lang="fr"
# ## Ce que retient l’activation {#activations}
#
# Une fonction d’activation ajoute un facteur de son cru : sa dérivée. Reprenons $s = 0{,}125$,
# qui conserve la norme, et ajoutons une activation. La dérivée de la sigmoïde vaut au plus un
# quart ; celle de la tangente hyperbolique vaut au plus 1 ; celle de ReLU vaut 0 ou 1. Laquelle
# laissera passer le plus de gradient ?

# %% [markdown] lang="en"
# ## What the activation holds back {#activations}
#
# An activation function adds a factor of its own: its derivative. Let us take $s = 0.125$,
# which preserves the norm, and add an activation. The derivative of the sigmoid is a quarter at
# most; that of the hyperbolic tangent is 1 at most; that of ReLU is 0 or 1. Which one will let
# most of the gradient through?

# %% activations
curves = {}
for f in (torch.tanh, torch.relu, torch.sigmoid):
    norms = arriving(draw(0.125), lambda h, w, f=f: f(h @ w))
    curves[f.__name__] = norms
    print(f"{f.__name__}: {norms[0]:.1e}")
#> tanh: 1.5e-01
#> relu: 2.8e-05
#> sigmoid: 1.6e-19

# %% [markdown] lang="fr"
# La tangente hyperbolique en laisse passer le plus, car sa dérivée est proche de 1 tant que ses
# entrées sont petites.
#
# ReLU annule environ la moitié des composantes, donc la moitié du carré de la norme : le facteur
# par couche est $\sqrt{1/2}$. Sur trente couches, $(1/2)^{15} \approx 0{,}0000305$ ; la mesure en
# est proche.
#
# La sigmoïde multiplie par un quart au plus : $(1/4)^{30} \approx 8{,}7 \times 10^{-19}$. La mesure
# est plus petite encore : il n’arrive à peu près rien.
#
# ![Trois courbes de la norme du gradient, en échelle logarithmique, de l’entrée du réseau à gauche
# à la sortie à droite. Celle de tanh reste au-dessus de 0,1. Celle de ReLU descend en ligne droite
# jusque vers 0,00003 à l’entrée, celle de la sigmoïde jusque vers
# 10⁻¹⁹.](activations-figure "Le code de la figure")
# Avec la même initialisation, ce qui arrive dépend de la dérivée de l’activation.

# %% [markdown] lang="en"
# The hyperbolic tangent lets most through, because its derivative is close to 1 as long as its
# inputs are small.
#
# ReLU zeroes about half of the components, hence half of the square of the norm: the factor a
# layer is $\sqrt{1/2}$. Over thirty layers, $(1/2)^{15} \approx 0.0000305$; the measurement is
# close to it.
#
# The sigmoid multiplies by a quarter at most: $(1/4)^{30} \approx 8.7 \times 10^{-19}$. The
# measurement is smaller still: next to nothing arrives.
#
# ![Three curves of the norm of the gradient, on a logarithmic scale, from the input of the network
# on the left to its output on the right. That of tanh stays above 0.1. That of ReLU goes down in a
# straight line to about 0.00003 at the input, that of the sigmoid to about
# 10⁻¹⁹.](activations-figure "The code of the figure")
# With the same initialisation, what arrives depends on the derivative of the activation.

# %% activations-figure
_, axes = plt.subplots()
for name, norms in curves.items():
    axes.semilogy(norms, label=name)
axes.legend()
axes.grid(True)

# %% [markdown] lang="fr"
# ## Une couche qui n’apprend rien {#unmoved}
#
# Un gradient minuscule est-il un inconvénient, puisqu’on peut augmenter le taux d’apprentissage ?
# Faisons un pas de descente, avec un taux de 1, dans le réseau à sigmoïdes, et comptons les poids
# qui ont changé : dans la première couche, puis dans la dernière.

# %% [markdown] lang="en"
# ## A layer that learns nothing {#unmoved}
#
# Is a tiny gradient a drawback, since one can raise the learning rate? Let us take one step of
# descent, with a rate of 1, in the network of sigmoids, and count the weights that changed: in the
# first layer, then in the last.

# %% unmoved
def back(weights):
    h = torch.randn(256, width, generator=torch.Generator().manual_seed(1))
    for w in weights:
        h = torch.sigmoid(h @ w)
    h.square().mean().backward()
    return weights


weights = back([w.requires_grad_() for w in draw(0.125)])
for w in (weights[0], weights[-1]):
    moved = w - 1.0 * w.grad
    print(w.dtype, torch.count_nonzero(moved != w).item(), w.numel())
#> torch.float32 0 4096
#> torch.float32 4096 4096

# %% [markdown] lang="fr"
# Aucun des 4 096 poids de la première couche n’a changé, pas même de leur dernier bit : le pas est
# plus petit que ce que `float32` peut ajouter à un poids. Un taux assez grand pour les faire bouger
# ferait diverger ceux de la dernière couche. C’est le défaut de l’évanouissement : les couches ne
# peuvent pas apprendre au même rythme.
#
# ### Et avec Adam ? {#adam}
#
# Les LLM s’entraînent avec [Adam](../configuration.md#memory), qui divise le pas de chaque poids
# par la taille de son gradient : la première couche devrait avancer comme la dernière. Mais pour ne
# pas diviser par 0, il ajoute au diviseur un petit nombre, `eps`, qui vaut $10^{-8}$ si l’on ne dit
# rien. Faisons un pas avec cette valeur, puis avec $10^{-30}$. Chaque ligne compte les poids de la
# première couche qui ont changé, et dit si l’un d’eux a changé de plus de 1.

# %% [markdown] lang="en"
# Not one of the 4,096 weights of the first layer changed, not even by its last bit: the step is
# smaller than what `float32` can add to a weight. A rate large enough to move them would make those
# of the last layer diverge. That is the harm of vanishing: the layers cannot learn at the same
# pace.
#
# ### And with Adam? {#adam}
#
# LLMs are trained with [Adam](../configuration.md#memory), which divides the step of each weight by
# the size of its gradient: the first layer should move as the last one does. But so as not to
# divide by 0, it adds a small number to the divisor, `eps`, which is $10^{-8}$ unless one says
# otherwise. Let us take a step with this value, then with $10^{-30}$. Each line counts the weights
# of the first layer that changed, and says whether one of them changed by more than 1.

# %% adam
for eps in (1e-8, 1e-30):
    w = weights[0].detach().clone().requires_grad_()
    w.grad = weights[0].grad.clone()
    torch.optim.Adam([w], lr=1e-3, eps=eps).step()
    change = (w - weights[0]).detach().abs()
    print(eps, torch.count_nonzero(change).item(), (change > 1).any().item())
#> 1e-08 0 False
#> 1e-30 4096 True

# %% [markdown] lang="fr"
# Adam ne remédie à rien : devant `eps`, ces gradients ne comptent pas, et aucun poids ne bouge.
# Avec un `eps` minuscule, tous bougent, mais n’importe comment : le carré d’un tel gradient, dont
# Adam garde une moyenne pour en connaître la taille, se perd au-dessous des plus petits nombres de
# `float32`. Il faut donc que le gradient arrive.
#
# ## Premier remède : l’écart type {#initialisation}
#
# Si ReLU divise par deux le carré de la norme, doublons la variance des poids : le facteur par
# couche est $s\sqrt{n/2}$, et il vaut 1 pour $s = \sqrt{2/n}$. C’est l’initialisation de He, du nom
# du premier auteur d’un article de 2015[^he]. Celle que PyTorch donne par défaut à `nn.Linear` est
# plus petite.

# %% [markdown] lang="en"
# Adam is no cure: beside `eps` these gradients count for nothing, and no weight moves. With a tiny
# `eps` all of them move, but wildly: the square of such a gradient, of which Adam keeps a mean so
# as to know its size, is lost below the smallest numbers of `float32`. So the gradient has to
# arrive.
#
# ## First cure: the standard deviation {#initialisation}
#
# If ReLU halves the square of the norm, let us double the variance of the weights: the factor a
# layer is $s\sqrt{n/2}$, which is 1 for $s = \sqrt{2/n}$. This is He initialisation, named after
# the first author of a paper of 2015.[^he] The one that PyTorch gives `nn.Linear` by default is
# smaller.

# %% initialisation
he = math.sqrt(2 / width)
torch.manual_seed(0)
default = torch.nn.Linear(width, width).weight.std().item()
print(f"{he:.3f} {default:.3f}")
#> 0.177 0.072
norms = arriving(draw(he), lambda h, w: torch.relu(h @ w))
print(f"{norms[0]:.2f}")
#> 0.91

# %% [markdown] lang="fr"
# Il arrive 0,91 à l’entrée au lieu de presque rien.
#
# ## Deuxième remède : la connexion résiduelle {#residual}
#
# Dans un LLM, une couche n’a pas à reproduire ce qu’elle reçoit : elle l’**ajoute** à ce qu’elle
# calcule. C’est la **connexion résiduelle** (*residual connection*) : $h + f(h)$. À rebours, le
# gradient passe par la somme sans changer, et ce qui revient par $f$ s’y ajoute. Le gradient ne
# s’évanouit donc plus ; peut-il exploser ? Prenons pour $f$ une couche linéaire qui conserve
# la norme, $s\sqrt{n} = 1$. Les deux parts étant indépendantes, leurs carrés s’ajoutent : le
# carré de la norme double à chaque couche.

# %% [markdown] lang="en"
# At the input, 0.91 arrives instead of almost nothing.
#
# ## Second cure: the residual connection {#residual}
#
# In an LLM, a layer need not reproduce what it receives: it **adds** it to what it computes. That
# is the **residual connection**: $h + f(h)$. Backwards, the gradient passes through the sum
# unchanged, and what comes back through $f$ is added to it. So the gradient vanishes no more;
# can it explode? Let us take for $f$ a linear layer that preserves the norm, $s\sqrt{n} = 1$.
# The two parts being independent, their squares add up: the square of the norm doubles at each
# layer.

# %% residual
def residual(scale):
    return lambda h, w: h + scale * (h @ w)


norms = arriving(draw(0.125), residual(1.0))
print(f"{norms[0]:.3g}", 2 ** (depth / 2))
#> 3.47e+04 32768.0

# %% [markdown] lang="fr"
# La mesure est du même ordre que la prévision : trente couches multiplient la norme par des
# dizaines de milliers. Pour l’éviter, GPT-2 divise à l’initialisation les poids de $f$, la branche
# résiduelle, par la racine du nombre de couches résiduelles[^gpt2] : il y en a deux par bloc, celle
# de l’attention et celle du réseau à propagation avant. Les nôtres sont au nombre de $L$. Chacune
# multiplie alors le carré par $1 + 1/L$ ; combien cela fait-il pour dix couches, pour trente, pour
# cent ?

# %% [markdown] lang="en"
# The measurement is of the same order as the prediction: thirty layers multiply the norm by tens
# of thousands. To avoid this, GPT-2 divides the weights of $f$, the residual branch, at
# initialisation, by the square root of the number of residual layers:[^gpt2] there are two in each
# block, that of attention and that of the feed-forward network. Ours are $L$ in number. Each of
# them then multiplies the square by $1 + 1/L$; how much is that for ten layers, for thirty, for a
# hundred?

# %% scaled
for L in (10, 30, 100):
    norms = arriving(draw(0.125, depth=L), residual(L**-0.5))
    print(f"{L:3d} {norms[0]:.2f} {(1 + 1 / L) ** (L / 2):.2f}")
#>  10 1.62 1.61
#>  30 1.57 1.64
#> 100 1.60 1.64

# %% [markdown] lang="fr"
# La norme ne dépend presque plus de la profondeur : $(1 + 1/L)^{L/2}$ tend vers $\sqrt{e}$, la
# racine du nombre d’Euler.
#
# ## Troisième remède : la normalisation {#normalisation}
#
# Il manque encore à nos couches ce qu’a tout LLM : la
# [normalisation de couche](../configuration.md#block), qui donne à chaque vecteur une moyenne nulle
# et un écart type de 1. À rebours, elle divise le gradient par l’écart type du vecteur qu’elle a
# reçu : elle grandit ce qui revient à un petit vecteur, et réduit ce qui revient à un grand.
# Mettons-la à l’entrée de chaque couche, où la met GPT-2[^gpt2], sans connexion résiduelle, puis
# avec : $h + f(\mathrm{LN}(h)\,W)$. La sigmoïde ne laissait rien arriver ; que va-t-elle laisser
# passer ?

# %% [markdown] lang="en"
# The norm hardly depends on depth any more: $(1 + 1/L)^{L/2}$ tends to $\sqrt{e}$, the square root
# of Euler’s number.
#
# ## Third cure: normalisation {#normalisation}
#
# Our layers still lack what every LLM has: [layer normalisation](../configuration.md#block), which
# gives each vector mean zero and standard deviation 1. Backwards, it divides the gradient by the
# standard deviation of the vector that it received: it enlarges what goes back to a small vector,
# and reduces what goes back to a large one. Let us put it at the input of each layer, where GPT-2
# puts it,[^gpt2] without a residual connection, then with one: $h + f(\mathrm{LN}(h)\,W)$. The
# sigmoid let nothing arrive; what will it let through?

# %% normalisation
def normalised(f, kept):
    def layer(h, w):
        return kept * h + f(F.layer_norm(h, [width]) @ w)

    return layer


for f in (torch.tanh, torch.relu, torch.sigmoid):
    alone = arriving(draw(0.125), normalised(f, kept=0.0))
    both = arriving(draw(0.125), normalised(f, kept=1.0))
    print(f"{f.__name__}: {alone[0]:.3g} {both[0]:.3g}")
#> tanh: 7.98 4.55
#> relu: 335 6.05
#> sigmoid: 0.398 1.52

# %% [markdown] lang="fr"
# Là où il n’arrivait rien, il arrive 0,398, sans même de connexion résiduelle : les sorties d’une
# sigmoïde sont proches les unes des autres, leur écart type est petit, et la division compense le
# quart perdu. Mais seule, la normalisation ne règle pas le facteur sur 1 : avec ReLU, il arrive 335
# fois plus que l’on n’a donné. Avec la connexion résiduelle, les trois activations donnent un
# nombre ordinaire, sans que l’on ait choisi d’écart type pour chacune. Et avec la profondeur ?

# %% [markdown] lang="en"
# Where nothing arrived, 0.398 does, even without a residual connection: the outputs of a sigmoid
# are close to each other, their standard deviation is small, and the division makes up for the
# quarter that was lost. But alone, normalisation does not set the factor to 1: with ReLU, 335 times
# more arrives than was given. With the residual connection, the three activations give an ordinary
# number, though no standard deviation was chosen for any of them. And with depth?

# %% deeper
for L in (10, 30, 100):
    norms = arriving(draw(0.125, depth=L), normalised(torch.relu, kept=1.0))
    print(f"{L:3d} {norms[0]:.3g}")
#>  10 2.92
#>  30 6.05
#> 100 15.5

# %% [markdown] lang="fr"
# La norme croît encore, mais lentement : dix fois plus de couches la multiplient par cinq environ,
# au lieu de l’élever à la puissance dix. En effet, $h$ grandit d’une couche à l’autre, puisque
# chacune lui ajoute quelque chose ; la normalisation divise par son écart type, et la part que
# chaque couche ajoute au gradient en devient plus petite.
#
# ## Quatrième remède : l’écrêtage {#clipping}
#
# Quand un gradient explose malgré tout, on peut le raccourcir sans changer sa direction :
# l’**écrêtage du gradient** (*gradient clipping*) le multiplie par ce qu’il faut pour que sa norme
# ne dépasse pas un plafond. Il ne peut rien contre l’évanouissement. La fonction renvoie la norme
# mesurée avant l’écrêtage.

# %% [markdown] lang="en"
# The norm still grows, but slowly: ten times as many layers multiply it by about five, in place of
# raising it to the power ten. For $h$ grows from one layer to the next, since each adds something
# to it; normalisation divides by its standard deviation, and the share that each layer adds to the
# gradient becomes smaller.
#
# ## Fourth cure: clipping {#clipping}
#
# When a gradient explodes in spite of all, it can be shortened without changing its direction:
# **gradient clipping** multiplies it by what it takes for its norm not to exceed a ceiling. It can
# do nothing against vanishing. The function returns the norm from before.

# %% clipping
w = torch.tensor([3.0, -4.0], requires_grad=True)
(1000 * w.square().sum()).backward()
before = torch.nn.utils.clip_grad_norm_([w], max_norm=1.0)
print(before, w.grad)
#> tensor(10000.) tensor([ 0.6000, -0.8000])

# %% [markdown] lang="fr"
# La norme tombe à 1, et la direction reste : $0{,}6$ et $-0{,}8$ sont entre eux comme 3 et $-4$.
#
# ## À retenir {#summary}
#
# - À rebours, chaque couche multiplie la norme du gradient par un facteur ; la profondeur l’élève
#   à une puissance.
# - Ce facteur est à peu près $s\sqrt{n}$, multiplié par ce que laisse passer l’activation.
# - Adam ne ressuscite pas un gradient qui s’est évanoui.
# - L’initialisation règle le facteur sur 1 ; la connexion résiduelle et la normalisation de couche,
#   ensemble, l’empêchent de s’en éloigner ; l’écrêtage limite ce qui explose.
#
# ## À vous {#exercises}
#
# ### 1. Prévoir une explosion {#exercise-explosion}
#
# Que mesurera-t-on à l’entrée du réseau linéaire pour $s = 0{,}2$ ? Prévoyez un ordre de
# grandeur, puis remplacez la valeur dans la cellule `scales` du notebook.
#
# ??? success "Solution"
#
#     Le facteur par couche est $0{,}2 \times 8 = 1{,}6$, et
#     $1{,}6^{30} \approx 1\,329\,228$.
#
# ### 2. La profondeur décide {#exercise-depth}
#
# Gardez les sigmoïdes et prenez moins de couches : cinq, puis dix, puis quinze. Quelle part des
# poids de la première le pas de descente change-t-il ? Prévoyez par le facteur d’un quart, puis
# faites l’essai, avec l’argument `depth` de `draw`.
#
# ??? tip "Indice"
#
#     Près d’un poids de l’ordre de $0{,}1$, les nombres de `float32` sont distants d’environ
#     $10^{-8}$.
#
# ## Les solutions {#solutions}
#
# ### La profondeur {#solution-depth}
#
# Chaque ligne donne le nombre de couches, la prévision d’un quart par couche, et la part des poids
# de la première qui ont changé.

# %% [markdown] lang="en"
# The norm falls to 1, and the direction stays: $0.6$ and $-0.8$ are to each other as 3 to $-4$.
#
# ## Summary {#summary}
#
# - Backwards, each layer multiplies the norm of the gradient by a factor; depth raises it to a
#   power.
# - That factor is about $s\sqrt{n}$, times what the activation lets through.
# - Adam does not bring a vanished gradient back to life.
# - Initialisation sets the factor to 1; the residual connection and layer normalisation, together,
#   keep it from straying; clipping limits what explodes.
#
# ## Your turn {#exercises}
#
# ### 1. Predict an explosion {#exercise-explosion}
#
# What will be measured at the input of the linear network for $s = 0.2$? Predict an order of
# magnitude, then change the value in the cell `scales` of the notebook.
#
# ??? success "Solution"
#
#     The factor a layer is $0.2 \times 8 = 1.6$, and $1.6^{30} \approx 1{,}329{,}228$.
#
# ### 2. Depth decides {#exercise-depth}
#
# Keep the sigmoids and take fewer layers: five, then ten, then fifteen. What share of the weights
# of the first one does the step of descent change? Predict it by the factor of a quarter, then try
# it, with the argument `depth` of `draw`.
#
# ??? tip "Hint"
#
#     Near a weight of the order of $0.1$, the numbers of `float32` are about $10^{-8}$ apart.
#
# ## Solutions {#solutions}
#
# ### Depth {#solution-depth}
#
# Each line gives the number of layers, the prediction of a quarter a layer, and the share of the
# weights of the first one that changed.

# %% solution-depth
for L in (5, 10, 15):
    first = back([w.requires_grad_() for w in draw(0.125, depth=L)])[0]
    moved = (first - 1.0 * first.grad != first).float().mean().item()
    print(f"{L:2d} {0.25**L:.0e} {moved:.2f}")
#>  5 1e-03 0.99
#> 10 1e-06 0.04
#> 15 9e-10 0.00

# %% [markdown] lang="fr"
# Avec cinq couches, presque tous les poids bougent ; avec dix, très peu ; avec quinze, aucun. Le
# gradient de la dernière couche est de l’ordre du millième, et un millième de milliardième ne
# change pas un poids de l’ordre du dixième.
#
# [^he]: K. He, X. Zhang, S. Ren et J. Sun, « <span lang="en">Delving Deep into
#     Rectifiers: Surpassing Human-Level Performance on ImageNet Classification</span> », ICCV 2015,
#     section 2.2, [arXiv:1502.01852](https://arxiv.org/abs/1502.01852).
# [^gpt2]: A. Radford, J. Wu, R. Child, D. Luan, D. Amodei et I. Sutskever,
#     « <span lang="en">Language Models are Unsupervised Multitask
#     Learners</span> », OpenAI, 2019, section 2.3.

# %% [markdown] lang="en"
# With five layers, nearly all the weights move; with ten, very few; with fifteen, none. The
# gradient of the last layer is of the order of a thousandth, and a thousandth of a billionth does
# not change a weight of the order of a tenth.
#
# [^he]: K. He, X. Zhang, S. Ren and J. Sun, “Delving Deep into Rectifiers: Surpassing Human-Level
#     Performance on ImageNet Classification”, ICCV 2015, section 2.2,
#     [arXiv:1502.01852](https://arxiv.org/abs/1502.01852).
# [^gpt2]: A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever, “Language Models are
#     Unsupervised Multitask Learners”, OpenAI, 2019, section 2.3.
