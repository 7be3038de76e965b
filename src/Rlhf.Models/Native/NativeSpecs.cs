namespace Rlhf.Models.Native;

/// <summary>A model's description in the native interface's terms.</summary>
internal static class NativeSpecs
{
    private const int RmsNorm = 1, PerHead = 1, InOut = 1;
    private const int TiedHead = 1, UntiedHead = 2, ScalarHead = 3;

    internal static NativeSpec From(ModelConfig config, HeadKind head, bool headBias)
    {
        bool llama = config.Family is ModelFamily.Llama or ModelFamily.Qwen2 or ModelFamily.Mistral;
        return new NativeSpec
        {
            VocabSize = config.VocabSize,
            HiddenSize = config.HiddenSize,
            Layers = config.Layers,
            Heads = config.Heads,
            KvHeads = config.KvHeads,
            HeadDim = config.HeadDim,
            IntermediateSize = config.IntermediateSize,
            MaxPositions = config.MaxPositions,
            RotaryDims = config.RotaryDims,
            Norm = llama ? RmsNorm : 0,
            Activation = (int)config.Activation,
            Gated = llama ? 1 : 0,
            QkvLayout = config.Family == ModelFamily.GptNeoX ? PerHead : 0,
            WeightLayout = config.Family == ModelFamily.Gpt2 ? InOut : 0,
            ParallelResidual = config.ParallelResidual ? 1 : 0,
            QkvBias = config.QkvBias ? 1 : 0,
            OutBias = config.AttentionOutBias ? 1 : 0,
            MlpBias = config.MlpBias ? 1 : 0,
            Head = head == HeadKind.Scalar ? ScalarHead : config.TieEmbeddings ? TiedHead : UntiedHead,
            HeadBias = headBias ? 1 : 0,
            SlidingWindow = config.SlidingWindow ?? 0,
            NormEpsilon = config.NormEpsilon,
            AttentionScale = config.ScaleAttention ? (float)(1 / Math.Sqrt(config.HeadDim)) : 1f,
            RopeTheta = config.RopeTheta,
        };
    }
}
