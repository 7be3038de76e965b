using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Models;

namespace Rlhf.Training.Ppo;

/// <summary>How the fused head is called for a model: the vocabulary that may be sampled, temperature, scratch memory.</summary>
internal static class PolicyHead
{
    /// <summary>Rows of logits in one chunk: enough for a GEMM at full speed, few enough to stay near the caches.</summary>
    private const int ChunkRows = 512;

    /// <summary>Tokens that have a probability.</summary>
    public static int Vocabulary(LanguageModel model, PpoConfig config) =>
        Math.Min(config.SampledVocabSize ?? int.MaxValue, model.Config.VocabSize);

    /// <summary>Bytes of scratch memory for a head over so many tokens.</summary>
    public static long WorkspaceBytes(LanguageModel model, int vocabulary)
    {
        long row = LinearLogprobsWorkspace.Minimum(vocabulary, model.Config.HiddenSize, widens: false);
        return Math.Max(row, Math.Min(LinearLogprobsWorkspace.DefaultBytes, row * ChunkRows));
    }

    /// <summary>Scratch memory for a policy's head.</summary>
    public static HostBuffer<byte> Workspace(LanguageModel model, PpoConfig config) =>
        new(WorkspaceBytes(model, Vocabulary(model, config)));

    /// <summary>The head over some hidden states [N, H] and their next tokens [N].</summary>
    public static LinearHead<float> Head(LanguageModel model, PpoConfig config, ReadOnlyView<float> hidden, ReadOnlyView<int> targets) => new()
    {
        Hidden = hidden,
        Weight = model.HeadWeight.SliceRows(0, Vocabulary(model, config)),
        Targets = targets,
        Transform = new LogitTransform { Temperature = config.Temperature },
    };

    /// <summary>Where its gradients go: hidden states to <paramref name="gradHidden"/>, weights added to the model's own.</summary>
    public static LinearHeadGradients Gradients(LanguageModel model, PpoConfig config, View<float> gradHidden) => new()
    {
        Hidden = gradHidden,
        Weight = model.HeadGradient.SliceRows(0, Vocabulary(model, config)),
        Accumulate = true,
    };
}
