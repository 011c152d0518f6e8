"""Builds the optional C loop of `wetread.inference.resample`; everything else is in pyproject.toml. Without a compiler the install goes on without it."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "wetread.inference._area",
            ["src/wetread/inference/_area.c"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            extra_compile_args=["-O3"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
