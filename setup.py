"""What pyproject.toml cannot say: the optional C loop of `wetread.inference.resample` (without a compiler the install goes on without it), the messages of proto/ (ADR-0007), and that a
wheel holds the built pages."""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

CONTRACT = Path(__file__).parent / "proto" / "wetread" / "drafting" / "v1"
PAGES = Path(__file__).parent / "src" / "wetread" / "web" / "room"


class BuildWithMessages(build_py):
    """Compiles the drafting contract into the home room of protobuf, so that wheels and editable installs both carry it."""

    def run(self) -> None:
        from grpc_tools import protoc

        # protoc's VIRTUAL=DISK mapping: the file's package follows buf, the Python module follows our rooms
        where = [f"-Iwetread/rpc={CONTRACT}", "--python_out=src", "--pyi_out=src"]
        if protoc.main(["protoc", *where, "wetread/rpc/drafting.proto"]) != 0:
            raise SystemExit("proto/wetread/drafting/v1/drafting.proto does not compile: see the lines above")
        super().run()


class WheelWithPages(bdist_wheel):
    """Refuses a wheel that could not serve its pages; an editable install does not come here."""

    def run(self) -> None:
        if not (PAGES / "login.html").exists():
            raise SystemExit("src/wetread/web/room holds no pages: run `make ui` before building a wheel")
        super().run()


setup(
    cmdclass={"build_py": BuildWithMessages, "bdist_wheel": WheelWithPages},
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
