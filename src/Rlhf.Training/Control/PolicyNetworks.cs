using Rlhf.Environments;
using Rlhf.Models;
using Rlhf.Models.Networks;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>The networks of control, as descriptions: orthogonal weights with gain √2, biases 0 (Huang et al. 2022).</summary>
internal static class PolicyNetworks
{
    private static readonly float HiddenGain = MathF.Sqrt(2);

    /// <summary>Frames → convolutions → outputs, or vector → tanh layers → outputs.</summary>
    /// <param name="environment">Shapes.</param>
    /// <param name="config">Settings.</param>
    /// <param name="sharesValue">One more output, with gain 1: the value.</param>
    public static NetworkSpec Policy(EnvironmentSpec environment, PolicyConfig config, bool sharesValue)
    {
        (int Outputs, float Gain) policy = (environment.Actions.PolicyOutputs, (float)config.OutputGain);
        NetworkLayer output = sharesValue ? NetworkLayer.Heads(policy, (1, 1)) : NetworkLayer.Heads(policy);
        return environment.IsPixels
            ? new NetworkSpec { InputShape = environment.ObservationShape, Layers = [.. Trunk(config.Trunk), output] }
            : new NetworkSpec { InputShape = [environment.ObservationLength], Layers = [.. Tanh(config.HiddenSizes), output] };
    }

    /// <summary>Vector → tanh layers → value.</summary>
    public static NetworkSpec Value(int inputs, IReadOnlyList<int> hidden) =>
        new() { InputShape = [inputs], Layers = [.. Tanh(hidden), NetworkLayer.Linear(1, gain: 1)] };

    /// <summary>A network's flat memory, as optimizers take it.</summary>
    public static ParameterBuffers Buffers(Network network) => new(
        network.Weights, network.Gradients, [.. network.Parameters.Select(tensor => new Parameter(tensor.Name, tensor.Shape, tensor.Offset))]);

    private static IEnumerable<NetworkLayer> Tanh(IEnumerable<int> hidden) =>
        hidden.SelectMany(units => (NetworkLayer[])[NetworkLayer.Linear(units, HiddenGain), NetworkLayer.Tanh]);

    private static IEnumerable<NetworkLayer> Trunk(PixelTrunk trunk)
    {
        (int Channels, int Kernel, int Stride)[] convolutions =
            trunk == PixelTrunk.Mnih2015 ? [(32, 8, 4), (64, 4, 2), (64, 3, 1)] : [(16, 8, 4), (32, 4, 2)];
        foreach ((int channels, int kernel, int stride) in convolutions)
        {
            yield return NetworkLayer.Conv(channels, kernel, stride, HiddenGain);
            yield return NetworkLayer.Relu;
        }

        yield return NetworkLayer.Flatten;
        yield return NetworkLayer.Linear(trunk == PixelTrunk.Mnih2015 ? 512 : 256, HiddenGain);
        yield return NetworkLayer.Relu;
    }
}
