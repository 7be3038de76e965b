using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>A kernel call of any shape, and the shapes at which it is looked at.</summary>
/// <param name="Name">The contract's method in snake_case, with the variant behind it.</param>
/// <param name="Sizes">What the numbers of a shape are, e.g. "N,V".</param>
internal sealed record WorkloadKind(string Name, string Sizes)
{
    /// <summary>The call in a storage type.</summary>
    public required Func<int[], string, Workload> Make { get; init; }

    /// <summary>Storage types.</summary>
    public string[] Dtypes { get; init; } = ["f32"];

    /// <summary>Shapes of the report; the first stands in the main fields.</summary>
    public required int[][] Report { get; init; }

    /// <summary>
    /// More shapes of the report, which take long to emulate: since the types of 16 bits share their code, f16 is measured at a
    /// quarter of the rows where there are such shapes.
    /// </summary>
    public int[][] LargeReport { get; init; } = [];

    /// <summary>Shapes at which results are compared: small, odd.</summary>
    public required int[][] Check { get; init; }

    /// <summary>The shape that is timed on a device.</summary>
    public required int[] Timed { get; init; }

    /// <summary>Largest difference from another backend, relative to 1 + |value|, in f32.</summary>
    public double Tolerance { get; init; } = 1e-5;

    /// <summary>Whether the gradient of the logits is kept in the storage type between row kernel and matrix products.</summary>
    public bool RoundsBetween { get; init; }

    /// <summary>Storage types of logits, hidden states and weights.</summary>
    public static string[] AllDtypes { get; } = ["f32", "bf16", "f16"];

    /// <summary>Shapes of the report in a storage type.</summary>
    public IEnumerable<int[]> ReportShapes(string dtype) => dtype == "f16" && LargeReport.Length > 0
        ? Report.Concat(LargeReport).Select(shape => (int[])[shape[0] / 4, .. shape[1..]])
        : Report.Concat(LargeReport);

    /// <summary>The call at a shape.</summary>
    /// <exception cref="ArgumentException">The shape or the storage type is not one of this kind.</exception>
    public Workload Create(int[] shape, string dtype)
    {
        int sizes = Sizes.Split(',').Length;
        if (shape.Length != sizes || shape.Any(size => size < 1))
        {
            throw new ArgumentException($"{Name}: shape {string.Join('x', shape)}, expected {sizes} positive numbers {Sizes}, e.g. {string.Join('x', Timed)}");
        }

        return Dtypes.Contains(dtype)
            ? Make(shape, dtype)
            : throw new ArgumentException($"{Name}: dtype {dtype}, expected {string.Join(", ", Dtypes)}");
    }

    /// <summary>Chooses the instance of a generic maker by storage type.</summary>
    public static Workload ByDtype(string dtype, Func<Workload> single, Func<Workload> brain, Func<Workload> half) => dtype switch
    {
        "bf16" => brain(),
        "f16" => half(),
        _ => single(),
    };

    /// <summary>Bytes of an element in storage.</summary>
    public static int Bytes<T>()
        where T : unmanaged => typeof(T) == typeof(float) ? sizeof(float) : sizeof(ushort);

    /// <summary>Name of a storage type.</summary>
    public static string Dtype<T>()
        where T : unmanaged => typeof(T) == typeof(BFloat16) ? "bf16" : typeof(T) == typeof(Half) ? "f16" : "f32";
}
