using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Training.Ppo;

/// <summary>
/// The points on which implementations of PPO for language models differ without saying so. Each is one choice here; the presets
/// are what the named projects do.
/// </summary>
public sealed record PpoConventions
{
    /// <summary>Which position receives the score. Default the last real token (InstructGPT, verl).</summary>
    public ScorePlacement ScorePlacement { get; init; } = ScorePlacement.LastToken;

    /// <summary>How the missing-EOS penalty acts. Default subtracted (TRL).</summary>
    public MissingEosRule MissingEos { get; init; } = MissingEosRule.Subtract;

    /// <summary>Which token the penalty looks for. Default the stop token.</summary>
    public EosTest EosTest { get; init; } = EosTest.StopToken;

    /// <summary>How response tokens are counted. Default up to the stop token.</summary>
    public ResponseLengthRule LengthRule { get; init; } = ResponseLengthRule.StopToken;

    /// <summary>Whether whitening divides by n − 1. Default true (TRL, verl).</summary>
    public bool UnbiasedVariance { get; init; } = true;

    /// <summary>Over which samples whitening runs. Default the batch (TRL, N+).</summary>
    public WhiteningScope Whitening { get; init; } = WhiteningScope.Batch;

    /// <summary>Adam's ε. Default 1e-5 (lm-human-preferences, N+).</summary>
    public float AdamEpsilon { get; init; } = 1e-5f;

    /// <summary>Where Adam's ε stands. Default as in the paper (PyTorch).</summary>
    public AdamEpsilonForm AdamEpsilonForm { get; init; } = AdamEpsilonForm.Paper;

    /// <summary>Over which positions logged means run. Default real tokens.</summary>
    public MetricConvention Metrics { get; init; } = MetricConvention.Masked;

    /// <summary>This engine's choices.</summary>
    public static PpoConventions Default { get; } = new();

    /// <summary>TRL 1.x, <c>trl/experimental/ppo</c>.</summary>
    public static PpoConventions Trl { get; } = new()
    {
        ScorePlacement = ScorePlacement.AfterLastToken,
        EosTest = EosTest.EosToken,
        LengthRule = ResponseLengthRule.FirstPad,
        AdamEpsilon = 1e-8f,
        Metrics = MetricConvention.Trl,
    };

    /// <summary>summarize_from_feedback_details ("N+").</summary>
    public static PpoConventions SummarizeFromFeedback { get; } = new()
    {
        ScorePlacement = ScorePlacement.AfterLastToken,
        MissingEos = MissingEosRule.Replace,
        EosTest = EosTest.EosToken,
        LengthRule = ResponseLengthRule.FirstPad,
        UnbiasedVariance = false,
    };

    /// <summary>openai/lm-human-preferences.</summary>
    public static PpoConventions LmHumanPreferences { get; } = new()
    {
        MissingEos = MissingEosRule.Replace,
        UnbiasedVariance = false,
        Whitening = WhiteningScope.MiniBatch,
        AdamEpsilonForm = AdamEpsilonForm.TensorFlow,
    };

    /// <summary>Positions after the last real token whose value is trained: one when the score lies there, else none.</summary>
    public int ExtraValueSlots => ScorePlacement == ScorePlacement.AfterLastToken ? 1 : 0;
}
