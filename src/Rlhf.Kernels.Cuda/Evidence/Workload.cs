namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>One kernel call at one shape, with its data and its cost.</summary>
internal sealed class Workload
{
    /// <summary>Name of the kind, as the command line takes it.</summary>
    public required string Name { get; init; }

    /// <summary>f32, bf16 or f16.</summary>
    public required string Dtype { get; init; }

    /// <summary>Sizes, in the order of the kind's <see cref="WorkloadKind.Sizes"/>.</summary>
    public required int[] Shape { get; init; }

    /// <summary>Makes the data, with the kernels where another kernel's results belong to it, and returns the call, which can be repeated.</summary>
    public required Func<Operands, IKernels, Action<IKernels>> Build { get; init; }

    /// <summary>Bytes that any implementation moves between the device's memory and the chip.</summary>
    public required Func<DeviceTraits, long> MinimumBytes { get; init; }

    /// <summary>Arithmetic; an exponential counts as one.</summary>
    public required double Flops { get; init; }

    /// <summary>Arithmetic of matrix products, for tensor cores.</summary>
    public double MatrixFlops { get; init; }

    public override string ToString() => $"{Name} {string.Join('x', Shape)} {Dtype}";
}
