"""The code of the first page, in cells that start at `# %%`."""

# %% mean
numbers = range(1, 101)
print(sum(numbers) / len(numbers))
#> 50.5
