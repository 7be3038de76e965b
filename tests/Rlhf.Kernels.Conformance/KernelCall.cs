using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance;

/// <summary>One call of one kernel with arguments that use all of its options, ready to be repeated.</summary>
/// <param name="method">The method of <see cref="IKernels"/>.</param>
/// <param name="args">Its arguments, boxed.</param>
/// <param name="run">The call; allocates nothing itself.</param>
/// <param name="outputs">What it writes.</param>
public sealed class KernelCall(string method, object args, Action<IKernels> run, params IEnumerable<Pinned<float>> outputs)
{
    private readonly (Pinned<float> Memory, float[] Before)[] _outputs = [.. outputs.Select(output => (output, output.ToArray()))];

    /// <summary>Calls a kernel with its arguments by reference.</summary>
    public delegate void Invoke<TArgs>(IKernels kernels, in TArgs args);

    /// <summary>The method of <see cref="IKernels"/>.</summary>
    public string Method { get; } = method;

    /// <summary>The arguments, boxed.</summary>
    public object Args { get; } = args;

    /// <summary>A call of a method.</summary>
    public static KernelCall Of<TArgs>(string method, TArgs args, Invoke<TArgs> invoke, params Pinned<float>[] outputs)
        where TArgs : struct => new(method, args, kernels => invoke(kernels, args), outputs);

    /// <summary>Runs the call on memory as it is.</summary>
    public void Run(IKernels kernels) => run(kernels);

    /// <summary>Restores the memory, runs the call, and gives the bytes it left.</summary>
    public byte[] Result(IKernels kernels)
    {
        foreach (var (memory, before) in _outputs)
        {
            before.CopyTo(memory.Span);
        }

        run(kernels);
        return [.. _outputs.SelectMany(output => output.Memory.Bytes())];
    }

    /// <inheritdoc/>
    public override string ToString() => Method;
}
