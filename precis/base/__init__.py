"""What every part of the engine uses: findings, files, the project, the cache."""
