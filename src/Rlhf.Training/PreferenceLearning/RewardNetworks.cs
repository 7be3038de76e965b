using Rlhf.Models.Networks;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>The paper's two reward networks, with one output and no squashing at the end.</summary>
public static class RewardNetworks
{
    /// <summary>The network that belongs to an input.</summary>
    public static NetworkSpec Spec(RewardInput input, RewardModelOptions options) => input.IsPixels ? Pixels(input, options) : Vectors(input, options);

    // Christiano et al. 2017, A.1: two hidden layers of 64, leaky ReLU.
    private static NetworkSpec Vectors(RewardInput input, RewardModelOptions options) => NetworkSpec.Mlp(
        input.Length, options.Hidden, outputs: 1, NetworkLayer.LeakyRelu(options.LeakySlope), members: options.Members);

    // A.2: 7×7/3, 5×5/2, 3×3/1, 3×3/1 with 16 filters, batch norm and dropout on each, then 64 units.
    private static NetworkSpec Pixels(RewardInput input, RewardModelOptions options) => new()
    {
        InputShape = input.Shape,
        Members = options.Members,
        Layers =
        [
            .. Convolution(7, 3, options), .. Convolution(5, 2, options), .. Convolution(3, 1, options), .. Convolution(3, 1, options),
            NetworkLayer.Flatten, NetworkLayer.Linear(64), NetworkLayer.LeakyRelu(options.LeakySlope), NetworkLayer.Linear(1),
        ],
    };

    private static NetworkLayer[] Convolution(int kernel, int stride, RewardModelOptions options) =>
    [
        NetworkLayer.Conv(16, kernel, stride), NetworkLayer.BatchNorm(), NetworkLayer.LeakyRelu(options.LeakySlope), NetworkLayer.Dropout(options.Dropout),
    ];
}
