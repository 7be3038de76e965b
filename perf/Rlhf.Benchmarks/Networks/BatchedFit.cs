using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Preference;
using Rlhf.Models.Networks;

namespace Rlhf.Benchmarks.Networks;

/// <summary>A fit of all members and pairs in one pass. A member's rows: the first clips of its pairs, then the second ones.</summary>
internal sealed class BatchedFit : IDisposable
{
    private readonly HostBuffer<float> _input, _labels, _gradOutput, _stats;
    private readonly AdamState _adam;

    public BatchedFit(int members, int pairs, int length, int inputs)
    {
        Pairs = pairs;
        Length = length;
        Network = new Network(NetworkSpec.Mlp(inputs, [64, 64], 1, NetworkLayer.LeakyRelu(), members: members), seed: 1);
        int rows = members * 2 * pairs * length;
        _input = new HostBuffer<float>((long)rows * inputs);
        _labels = new HostBuffer<float>(members * pairs);
        _gradOutput = new HostBuffer<float>(rows);
        _stats = new HostBuffer<float>(PreferenceStats.Length);
        _adam = new AdamState(Network);
        var random = new Random(1);
        foreach (ref float value in _input.Span)
        {
            value = (2 * random.NextSingle()) - 1;
        }

        foreach (ref float label in _labels.Span)
        {
            label = random.Next(2);
        }
    }

    public int Pairs { get; }

    public int Length { get; }

    public Network Network { get; }

    public void Step(CpuKernels kernels)
    {
        Gradients(kernels);
        _adam.Step(kernels);
    }

    public void Gradients(CpuKernels kernels)
    {
        Network.ZeroGradients();
        int half = Pairs * Length;
        View<float> gradOutput = _gradOutput.View(Network.Members * 2 * half);
        ReadOnlyView<float> rewards = Network.Forward(_input.View(Network.Members * 2 * half, Network.Inputs), ForwardMode.Training, perMember: true);
        for (int member = 0; member < Network.Members; member++)
        {
            int first = member * 2 * half;
            Loss(kernels, rewards.SliceRows(first, 2 * half), Labels(member, 0, Pairs), gradOutput.SliceRows(first, 2 * half), _stats, Pairs);
        }

        Network.Backward(gradOutput);
    }

    /// <summary>[2·L, I] the two clips of one pair of one member, apart in memory.</summary>
    public (ReadOnlyView<float> First, ReadOnlyView<float> Second) Clips(int member, int pair)
    {
        View<float> all = _input.View(Network.Members * 2 * Pairs * Length, Network.Inputs);
        int first = ((member * 2 * Pairs) + pair) * Length;
        return (all.SliceRows(first, Length), all.SliceRows(first + (Pairs * Length), Length));
    }

    /// <summary>Labels of some pairs of a member.</summary>
    public ReadOnlyView<float> Labels(int member, int first, int count) =>
        _labels.View(Network.Members * Pairs).SliceRows((member * Pairs) + first, count);

    /// <summary>Loss and its gradient over rows that hold all first clips, then all second ones.</summary>
    public unsafe void Loss(CpuKernels kernels, ReadOnlyView<float> rewards, ReadOnlyView<float> labels, View<float> gradRewards, HostBuffer<float> stats, int normalizer)
    {
        int pairs = labels.Rows, half = pairs * Length;
        kernels.SegmentPreference(new SegmentPreferenceArgs
        {
            Rewards1 = new ReadOnlyView<float>(rewards.Pointer, pairs, Length),
            Rewards2 = new ReadOnlyView<float>(rewards.Pointer + half, pairs, Length),
            Labels = labels,
            Noise = 0.1f,
            Normalizer = normalizer,
            GradRewards1 = new View<float>(gradRewards.Pointer, pairs, Length),
            GradRewards2 = new View<float>(gradRewards.Pointer + half, pairs, Length),
            Stats = stats.View(PreferenceStats.Length),
        });
    }

    public void Dispose()
    {
        Network.Dispose();
        _adam.Dispose();
        _input.Dispose();
        _labels.Dispose();
        _gradOutput.Dispose();
        _stats.Dispose();
    }
}
