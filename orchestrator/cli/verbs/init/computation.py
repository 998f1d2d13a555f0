"""What `init` can begin with: a computation, its tensors and numbers, and how C and C++ call it."""

from __future__ import annotations

from dataclasses import dataclass

# kind → the endings of its files, of which the first holds the function; and what it is.
KINDS = {
    "python": ((".py",), "a Python function, PyTorch at first"),
    "triton": ((".py",), "a Triton kernel"),
    "cuda": ((".cu",), "CUDA C++ with a C entry point"),
    "torch": ((".py", ".cpp", ".cu"), "a torch extension: C++, and CUDA where nvcc is"),
}
NEED_A_GPU = ("triton", "cuda")
_CPP = {bool: "bool", int: "int64_t", float: "double", str: "c10::string_view"}
_SCHEMA = {bool: "bool", int: "int", float: "float", str: "str"}


@dataclass(frozen=True)
class Axis:
    """One size of a case, and what it is on a GPU and on a CPU."""

    symbol: str
    size: int = 1024
    cpu_size: int = 128


@dataclass(frozen=True)
class Tensor:
    """An input. sizes: symbols of axes, or numbers."""

    name: str
    sizes: tuple[str, ...]


@dataclass(frozen=True)
class Scalar:
    """A number or a word that a call gets by name."""

    name: str
    value: bool | int | float | str

    @property
    def written(self) -> str:
        """As Python has it."""
        return repr(self.value)


@dataclass(frozen=True)
class Computation:
    """body: the template that computes it; empty where that is still to be written. output: its
    sizes. module, function: the user's own, in place of a body."""

    title: str
    tensors: tuple[Tensor, ...]
    axes: tuple[Axis, ...]
    scalars: tuple[Scalar, ...] = ()
    body: str = ""
    output: tuple[str, ...] = ()
    module: str = ""
    function: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of a call in Python."""
        return (*(one.name for one in self.tensors), *(one.name for one in self.scalars))

    @property
    def call(self) -> tuple[str, ...]:
        """The arguments of a call of the user's own function, whose order may be another one."""
        return (
            *(one.name for one in self.tensors),
            *(f"{one.name}={one.name}" for one in self.scalars),
        )

    @property
    def c_parameters(self) -> str:
        """As docs/providers.md has it."""
        tensors = [f"const void *{one.name}" for one in self.tensors]
        return ", ".join([*tensors, "void *out", *self._numbers("double"), "void *stream"])

    @property
    def typed_parameters(self) -> str:
        tensors = [f"const Element *{one.name}" for one in self.tensors]
        return ", ".join([*tensors, "Element *out", *self._numbers("double")])

    @property
    def casts(self) -> str:
        """The arguments of a function with typed_parameters, from one with c_parameters."""
        tensors = [f"static_cast<const Element *>({one.name})" for one in self.tensors]
        return ", ".join([*tensors, "static_cast<Element *>(out)", self.numbers])

    @property
    def pointers(self) -> str:
        tensors = [f"{one.name}.const_data_ptr<scalar_t>()" for one in self.tensors]
        return ", ".join([*tensors, "out.mutable_data_ptr<scalar_t>()"])

    @property
    def numbers(self) -> str:
        symbols = (axis.symbol for axis in self.axes)
        return ", ".join([*symbols, *(one.name for one in self.scalars)])

    @property
    def at_parameters(self) -> str:
        tensors = [f"const at::Tensor &{one.name}" for one in self.tensors]
        scalars = [f"{_CPP[type(one.value)]} {one.name}" for one in self.scalars]
        return ", ".join([*tensors, *scalars])

    @property
    def schema(self) -> str:
        """The same for TORCH_LIBRARY."""
        tensors = [f"Tensor {one.name}" for one in self.tensors]
        scalars = [f"{_SCHEMA[type(one.value)]} {one.name}" for one in self.scalars]
        return ", ".join([*tensors, *scalars])

    @property
    def sizes(self) -> str:
        """Every axis from the first tensor that has it."""
        found: dict[str, str] = {}
        for tensor in self.tensors:
            for place, symbol in enumerate(tensor.sizes):
                found.setdefault(symbol, f"{symbol} = {tensor.name}.size({place})")
        return ", ".join(found[axis.symbol] for axis in self.axes)

    def _numbers(self, kind: str) -> list[str]:
        axes = [f"long long {axis.symbol}" for axis in self.axes]
        return [*axes, *(f"{kind} {one.name}" for one in self.scalars)]


_ROWS = (Axis("M", 4096, 128), Axis("N", 4096, 1024))
_X = Tensor("x", ("M", "N"))

OPERATORS = {
    "softmax": Computation("softmax of rows", (_X,), _ROWS, body="softmax", output=_X.sizes),
    "rmsnorm": Computation(
        "RMSNorm of rows",
        (_X, Tensor("w", ("N",))),
        _ROWS,
        (Scalar("eps", 1e-6),),
        body="rmsnorm",
        output=_X.sizes,
    ),
    "gemm": Computation(
        "product of two matrices",
        (Tensor("a", ("M", "K")), Tensor("b", ("K", "N"))),
        (Axis("M"), Axis("N"), Axis("K")),
        body="gemm",
        output=("M", "N"),
    ),
    "add": Computation(
        "sum of two vectors",
        (Tensor("x", ("N",)), Tensor("y", ("N",))),
        (Axis("N", 1 << 24, 1 << 16),),
        body="add",
        output=("N",),
    ),
}
