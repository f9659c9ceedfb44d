"""Compiled templates, kept on disk between builds.

Jinja calls filters and tests when it compiles a template, where their arguments are constants.
So compiled templates are kept only while every filter, test and extension of the environment
comes from an installed package: a hook or another file of the project may change unseen.
"""

from __future__ import annotations

import types
from itertools import chain
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from precis.base.cache import fingerprint
from precis.base.installed import is_code_installed

_OWN = {*map(id, chain(FILTERS.values(), TESTS.values()))}


class TemplateCache(FileSystemBytecodeCache):
    """The compiled templates of a site with these settings."""

    def __init__(self, folder: Path, settings: object) -> None:
        super().__init__(str(folder), "%s.jinja")
        self.settings = settings

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """Return what is kept of a template, empty where it would be compiled to something else."""
        compiler = _compiler(environment)
        checksum = fingerprint(source, self.settings, compiler)
        bucket = Bucket(environment, self.get_cache_key(name, filename), checksum)
        if compiler:
            self.load_bytecode(bucket)
        return bucket

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template if nothing of the project took part."""
        if _compiler(bucket.environment):
            super().dump_bytecode(bucket)


def _compiler(environment: Environment) -> list[tuple[str, str]]:
    """Return what compiles templates, by name; nothing where a file of the project takes part.

    Looked at for each template: any plugin may still add to an environment.
    """
    if environment.finalize or callable(environment.autoescape):
        return []
    named: list[tuple[str, object]] = [*environment.filters.items(), *environment.tests.items()]
    named += ((name, type(extension)) for name, extension in environment.extensions.items())
    compiler = [("autoescape", str(environment.autoescape))]
    for name, thing in named:
        if not _is_known(thing):
            return []
        compiler.append(
            (name, f"{getattr(thing, '__module__', '')}.{thing!r}".partition(" at ")[0])
        )
    return compiler


def _is_known(thing: object) -> bool:
    """Whether what a filter, a test or an extension does is known by its name alone."""
    if id(thing) in _OWN or isinstance(thing, types.BuiltinFunctionType):
        return True
    if isinstance(thing, types.FunctionType):
        return thing.__closure__ is None and is_code_installed(thing)
    return isinstance(thing, type) and is_code_installed(thing)
