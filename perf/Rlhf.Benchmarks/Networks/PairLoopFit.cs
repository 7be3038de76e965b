using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;
using Rlhf.Models.Networks;

namespace Rlhf.Benchmarks.Networks;

/// <summary>The same fit member after member, pair after pair: one forward and one backward of libtorch for each pair.</summary>
internal sealed class PairLoopFit : IDisposable
{
    private readonly BatchedFit _data;
    private readonly AdamState[] _adam;
    private readonly HostBuffer<float> _clips, _grad, _stats = new(PreferenceStats.Length);

    public PairLoopFit(BatchedFit data)
    {
        _data = data;
        Networks = [.. Enumerable.Range(0, data.Network.Members).Select(Member)];
        _adam = [.. Networks.Select(network => new AdamState(network))];
        _clips = new HostBuffer<float>(2L * data.Length * data.Network.Inputs);
        _grad = new HostBuffer<float>(2 * data.Length);
    }

    public Network[] Networks { get; }

    public void Step(CpuKernels kernels)
    {
        Gradients(kernels);
        foreach (AdamState adam in _adam)
        {
            adam.Step(kernels);
        }
    }

    public void Gradients(CpuKernels kernels)
    {
        for (int member = 0; member < Networks.Length; member++)
        {
            Network network = Networks[member];
            network.ZeroGradients();
            for (int pair = 0; pair < _data.Pairs; pair++)
            {
                ReadOnlyView<float> rewards = network.Forward(Clips(member, pair), ForwardMode.Training);
                View<float> grad = _grad.View(2 * _data.Length);
                _data.Loss(kernels, rewards, _data.Labels(member, pair, 1), grad, _stats, _data.Pairs);
                network.Backward(grad);
            }
        }
    }

    public void Dispose()
    {
        foreach (Network network in Networks)
        {
            network.Dispose();
        }

        foreach (AdamState adam in _adam)
        {
            adam.Dispose();
        }

        _clips.Dispose();
        _grad.Dispose();
        _stats.Dispose();
    }

    private Network Member(int member)
    {
        var network = new Network(_data.Network.Spec with { Members = 1 }, seed: 0);
        ReadOnlyView<float> weights = _data.Network.MemberWeights(member);
        for (int i = 0; i < weights.Rows; i++)
        {
            network.Weights[i] = weights[i];
        }

        return network;
    }

    private unsafe ReadOnlyView<float> Clips(int member, int pair)
    {
        (ReadOnlyView<float> first, ReadOnlyView<float> second) = _data.Clips(member, pair);
        int count = (int)first.Count;
        new ReadOnlySpan<float>(first.Pointer, count).CopyTo(_clips.Span);
        new ReadOnlySpan<float>(second.Pointer, count).CopyTo(_clips.Span[count..]);
        return _clips.View(2 * _data.Length, _data.Network.Inputs);
    }
}
