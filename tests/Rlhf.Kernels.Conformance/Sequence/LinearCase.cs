using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.LinearLogprobs;

namespace Rlhf.Kernels.Conformance.Sequence;

/// <summary>A small fused head with everything switched on: bias, mask, transform; and its double twin.</summary>
internal sealed class LinearCase<T> : IDisposable
    where T : unmanaged
{
    private readonly Pinned<byte> _workspace;

    public LinearCase(int n, int hiddenSize, int vocab, bool masked, bool biased, Func<float[], T[]> store, Func<T, double> widen, long workspace = 1 << 20)
    {
        (N, H, V) = (n, hiddenSize, vocab);
        T[] hidden = store(Data.Normal(1, n * hiddenSize)), weight = store(Data.Normal(2, vocab * hiddenSize, 1.5 / Math.Sqrt(hiddenSize)));
        float[] bias = Data.Normal(3, vocab, 0.3);
        Picks = Data.Integers(4, n, vocab);
        MaskBytes = Data.Mask(5, n);
        Hidden = Pinned.Of(hidden, n, hiddenSize);
        Weight = Pinned.Of(weight, vocab, hiddenSize);
        Bias = Pinned.Of(bias);
        Targets = Pinned.Of(Picks);
        Mask = Pinned.Of(MaskBytes);
        Counted = masked ? Data.Booleans(MaskBytes) : null;
        Reference = new Oracle([.. hidden.Select(widen)], [.. weight.Select(widen)], biased ? Data.Doubles(bias) : null, n, vocab);
        _workspace = Pinned.Zeros<byte>((int)workspace);
        Head = new LinearHead<T>
        {
            Hidden = Hidden,
            Weight = Weight,
            Bias = biased ? Bias : default(ReadOnlyView<float>),
            Targets = Targets,
            Mask = masked ? Mask : default(ReadOnlyView<byte>),
            Transform = Transform,
        };
    }

    public static LogitTransform Transform { get; } = new() { Temperature = 0.9f };

    public int N { get; }

    public int H { get; }

    public int V { get; }

    public int[] Picks { get; }

    public byte[] MaskBytes { get; }

    public bool[]? Counted { get; }

    public Pinned<T> Hidden { get; }

    public Pinned<T> Weight { get; }

    public Pinned<float> Bias { get; }

    public Pinned<int> Targets { get; }

    public Pinned<byte> Mask { get; }

    public LinearHead<T> Head { get; }

    public Oracle Reference { get; }

    public View<byte> Workspace => _workspace;

    /// <summary>Room for so many rows at a time.</summary>
    public static long WorkspaceOf(int rows, int hiddenSize, int vocab)
    {
        bool widens = typeof(T) != typeof(float);
        long one = LinearLogprobsWorkspace.Minimum(vocab, hiddenSize, widens);
        long pitch = (vocab + 47) / 16 * 16;
        return one + ((rows - 1) * (((pitch + hiddenSize) * 4L) + 4));
    }

    /// <summary>
    /// What a gradient's tolerance has beside f32's: backends on tensor cores round the logit gradients to the storage type before the
    /// products that take them, by 2⁻⁹ each in bf16. Sums over rows cancel, their rounding does not: with <paramref name="upstream"/>
    /// gradients it adds up as the root of their squares. The processor's products are f32 throughout.
    /// </summary>
    public static double Rounding(IKernels kernels, double[] gradient, params float[][] upstream) =>
        typeof(T) == typeof(float) || kernels is CpuKernels
            ? 0
            : (gradient.Max(Math.Abs) + Math.Sqrt(upstream.Sum(rows => rows.Sum(g => (double)g * g)))) / 256;

    public void Dispose()
    {
        Hidden.Dispose();
        Weight.Dispose();
        Bias.Dispose();
        Targets.Dispose();
        Mask.Dispose();
        _workspace.Dispose();
    }
}
