using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Networks;

/// <summary>One small network for each kind of layer, and helpers to run them.</summary>
internal static class SmallNetworks
{
    internal static readonly Dictionary<string, NetworkSpec> All = new()
    {
        ["tanh"] = NetworkSpec.Mlp(5, [8, 8], 3, NetworkLayer.Tanh, outputGain: 1),
        ["leaky relu"] = NetworkSpec.Mlp(5, [8, 8], 1, NetworkLayer.LeakyRelu()),
        ["linear alone"] = NetworkSpec.Mlp(5, [], 4, NetworkLayer.Tanh),
        ["activation first"] = Flat(NetworkLayer.Tanh, NetworkLayer.Linear(6), NetworkLayer.Relu, NetworkLayer.Linear(2), NetworkLayer.Tanh),
        ["dropout"] = Flat(NetworkLayer.Linear(16), NetworkLayer.LeakyRelu(), NetworkLayer.Dropout(0.5f), NetworkLayer.Linear(2)),
        ["dropout first"] = Flat(NetworkLayer.Dropout(0.25f), NetworkLayer.Linear(6), NetworkLayer.Tanh, NetworkLayer.Linear(2)),
        ["batch norm after linear"] = Flat(NetworkLayer.Linear(6), NetworkLayer.BatchNorm(), NetworkLayer.Tanh, NetworkLayer.Linear(2)),
        ["batch norm first"] = Flat(NetworkLayer.BatchNorm(), NetworkLayer.Linear(6), NetworkLayer.Tanh, NetworkLayer.Linear(2)),
        ["conv"] = Image(NetworkLayer.Conv(4, 3, 2), NetworkLayer.Tanh, NetworkLayer.Conv(3, 2, 1), NetworkLayer.Tanh, NetworkLayer.Flatten, NetworkLayer.Linear(2)),
        ["conv, batch norm, dropout"] = Image(
            NetworkLayer.Conv(4, 3, 2),
            NetworkLayer.BatchNorm(),
            NetworkLayer.Tanh,
            NetworkLayer.Dropout(0.5f),
            NetworkLayer.Conv(3, 2, 1),
            NetworkLayer.BatchNorm(),
            NetworkLayer.Dropout(0.5f),
            NetworkLayer.Flatten,
            NetworkLayer.Linear(2)),
        ["conv last"] = Image(NetworkLayer.BatchNorm(), NetworkLayer.Conv(4, 3, 2)),
    };

    internal static IEnumerable<string> Names => All.Keys;

    /// <summary>Weights and statistics at random, so that no gradient is zero by construction.</summary>
    internal static Network Make(string name, int members = 1, int seed = 1)
    {
        Network network = new(All[name] with { Members = members }, (ulong)seed);
        float[] weights = Data.Normal(seed, network.Weights.Rows, 0.4);
        for (int i = 0; i < weights.Length; i++)
            network.Weights[i] = weights[i];
        float[] statistics = Data.Normal(seed + 1, network.Buffers.Rows, 0.2, mean: 0.8);
        for (int i = 0; i < statistics.Length; i++)
            network.Buffers[i] = Math.Abs(statistics[i]) + 0.1f;
        return network;
    }

    internal static Pinned<float> Input(Network network, int rows, int seed = 7) => Pinned.Of(Data.Normal(seed, rows * network.Inputs), rows, network.Inputs);

    internal static float[] Values(ReadOnlyView<float> view)
    {
        float[] values = new float[view.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = view[i / view.Cols, i % view.Cols];
        return values;
    }

    internal static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    private static NetworkSpec Flat(params NetworkLayer[] layers) => new() { InputShape = [5], Layers = layers };

    private static NetworkSpec Image(params NetworkLayer[] layers) => new() { InputShape = [2, 7, 6], Layers = layers };
}
