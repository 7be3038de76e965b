using Rlhf.Kernels.Memory;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>
/// The distribution over actions that a network's outputs [N, P] stand for: what the algorithms need of it, and nothing of the network.
/// Actions are rows [N, A]; a discrete action's index is also in <c>choices</c> [N].
/// </summary>
internal interface IActionDistribution : IDisposable
{
    /// <summary>Parameters beside the network's, with their gradients; null where there are none.</summary>
    ParameterBuffers? Extra { get; }

    /// <summary>Draws an action a row, with its log-prob.</summary>
    void Sample(ReadOnlyView<float> outputs, in ActionDraw draw, View<float> actions, View<int> choices, View<float> logprobs);

    /// <summary>The mean, or the most likely choice: what the policy does when it explores nothing.</summary>
    void Mode(ReadOnlyView<float> outputs, View<float> actions);

    /// <summary>Log-prob of given actions, and entropy.</summary>
    void Logprobs(ReadOnlyView<float> outputs, ReadOnlyView<float> actions, ReadOnlyView<int> choices, View<float> logprobs, View<float> entropy);

    /// <summary>Gradient of log-prob and entropy, written for the outputs and for <see cref="Extra"/>.</summary>
    void Backward(
        ReadOnlyView<float> outputs,
        ReadOnlyView<float> actions,
        ReadOnlyView<int> choices,
        ReadOnlyView<float> gradLogprobs,
        ReadOnlyView<float> gradEntropy,
        View<float> gradOutputs);

    /// <summary>Keeps the distribution of a batch as the old one.</summary>
    void Keep(ReadOnlyView<float> outputs);

    /// <summary>KL of each row from the kept distribution to that of the outputs, nats.</summary>
    void KlFromKept(ReadOnlyView<float> outputs, View<float> kl);

    /// <summary>
    /// Second derivative of the mean KL at the kept distribution, applied to a direction in outputs (J v) [N, P] and in
    /// <see cref="Extra"/>.
    /// </summary>
    /// <param name="direction">[N, P] change of the outputs.</param>
    /// <param name="product">[N, P] result, divided by N.</param>
    /// <param name="extraDirection">Change of <see cref="Extra"/>; empty without it.</param>
    /// <param name="extraProduct">Result.</param>
    void Fisher(ReadOnlyView<float> direction, View<float> product, ReadOnlySpan<float> extraDirection, Span<float> extraProduct);
}
