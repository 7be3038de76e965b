using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Tests.Sequence;

/// <summary>A fused head whose 16-bit and f32 forms hold the same numbers, so that the processor's f32 results are what any storage type must give.</summary>
internal sealed record HeadData(int N, int H, int V, bool Masked = false, bool Biased = false, float SoftCap = 0f, int ChunkRows = 48)
{
    public float[] Hidden { get; init; } = Normal(1, N * H, 1);

    public float[] Weight { get; init; } = Normal(2, V * H, 1.5 / Math.Sqrt(H));

    /// <summary>What rows with a mask of 0 hold instead.</summary>
    public float? MaskedValue { get; init; }

    public bool Counts(int row) => !Masked || row % 3 != 1;

    /// <summary>Log-probs and entropies.</summary>
    public (float[] Logprobs, float[] Entropy) Forward<T>(IKernels kernels, Func<float, T> store)
        where T : unmanaged
    {
        using Memories memories = new();
        View<float> logprobs = memories.View(new float[N]), entropy = memories.View(new float[N]);
        kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<T>
        {
            Head = Head(memories, store), Logprobs = logprobs, Entropy = entropy, Workspace = memories.View(new byte[WorkspaceBytes<T>()]),
        });
        return (Read(logprobs), Read(entropy));
    }

    /// <summary>Log-probs and entropies in a storage type by name.</summary>
    public (float[] Logprobs, float[] Entropy) Forward(IKernels kernels, string dtype) => dtype switch
    {
        "bf16" => Forward(kernels, x => (BFloat16)x),
        "f16" => Forward(kernels, x => (Half)x),
        _ => Forward(kernels, x => x),
    };

    /// <summary>Everything that LinearPpo writes, in a storage type by name.</summary>
    public HeadResult Ppo(IKernels kernels, string dtype, bool accumulate = false) => dtype switch
    {
        "bf16" => Ppo(kernels, x => (BFloat16)x, accumulate),
        "f16" => Ppo(kernels, x => (Half)x, accumulate),
        _ => Ppo(kernels, x => x, accumulate),
    };

    /// <summary>Everything that LinearPpo writes.</summary>
    public HeadResult Ppo<T>(IKernels kernels, Func<float, T> store, bool accumulate = false)
        where T : unmanaged
    {
        using Memories memories = new();
        View<float> logprobs = memories.View(new float[N]), stats = memories.View(new float[PpoClipStats.Length]);
        View<float> hidden = memories.View(Normal(7, N * H, 1), N, H), weight = memories.View(Normal(8, V * H, 1), V, H), bias = memories.View(Normal(9, V, 1));
        kernels.LinearPpo(new LinearPpoArgs<T>
        {
            Head = Head(memories, store), OldLogprobs = memories.View(Normal(5, N, 0.2, -Math.Log(V))), Advantages = memories.View(Normal(6, N, 1)),
            EntropyCoef = 0.02f, Normalizer = 1000f, Logprobs = logprobs, Stats = stats, Workspace = memories.View(new byte[WorkspaceBytes<T>()]),
            Gradients = new LinearHeadGradients { Hidden = hidden, Weight = weight, Bias = bias, Accumulate = accumulate },
        });
        return new HeadResult(Read(logprobs), Read(stats), Read(hidden), Read(weight), Read(bias));
    }

    public static float[] Normal(int seed, int count, double scale, double mean = 0)
    {
        Random random = new(seed);

        // Short significands: exact in every storage type.
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(BFloat16)(float)(mean + (scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))];
    }

    private LinearHead<T> Head<T>(Memories memories, Func<float, T> store)
        where T : unmanaged => new()
        {
            Hidden = memories.View(Hidden.Select((x, i) => store(MaskedValue is { } other && !Counts(i / H) ? other : x)).ToArray(), N, H),
            Weight = memories.View(Weight.Select(store).ToArray(), V, H),
            Bias = Biased ? memories.View(Normal(3, V, 0.3)) : default(ReadOnlyView<float>),
            Targets = memories.View(Enumerable.Range(0, N).Select(i => (i * 7919) % V).ToArray()),
            Mask = Masked ? memories.View(Enumerable.Range(0, N).Select(i => (byte)(Counts(i) ? 1 : 0)).ToArray()) : default(ReadOnlyView<byte>),
            Transform = new LogitTransform { SoftCap = SoftCap, Temperature = 0.9f },
        };

    private int WorkspaceBytes<T>() =>
        (int)(LinearLogprobsWorkspace.Minimum(V, H, typeof(T) != typeof(float)) + ((ChunkRows - 1) * ((V + 32L + H + 1) * sizeof(float))));

    private static unsafe float[] Read(View<float> view) => new ReadOnlySpan<float>(view.Pointer, (int)view.Count).ToArray();

    private sealed class Memories : IDisposable
    {
        private readonly List<IDisposable> _owned = [];

        public unsafe View<T> View<T>(T[] content, int rows = -1, int cols = 1)
            where T : unmanaged
        {
            HostBuffer<T> buffer = new(content);
            _owned.Add(buffer);
            return new View<T>(buffer.Pointer, rows < 0 ? content.Length : rows, cols);
        }

        public void Dispose() => _owned.ForEach(item => item.Dispose());
    }
}
