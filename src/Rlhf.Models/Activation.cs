namespace Rlhf.Models;

/// <summary>The MLP's nonlinearity. Values are those of the native interface.</summary>
public enum Activation
{
    /// <summary><c>gelu_new</c>, <c>gelu_pytorch_tanh</c>, <c>gelu_fast</c>.</summary>
    GeluTanh = 0,

    /// <summary><c>gelu</c>, by the error function.</summary>
    Gelu = 1,

    /// <summary><c>silu</c>, <c>swish</c>.</summary>
    Silu = 2,

    /// <summary><c>relu</c>.</summary>
    Relu = 3,
}
