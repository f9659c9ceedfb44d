"""Modules that every other package uses: findings, files, the project, the cache."""
