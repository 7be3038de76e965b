namespace Rlhf.Training.Ppo;

/// <summary>Which token a response must hold to escape the missing-EOS penalty.</summary>
public enum EosTest
{
    /// <summary>The configured stop token; the tokenizer's EOS when no stop token is set.</summary>
    StopToken,

    /// <summary>The tokenizer's EOS, whatever the stop token is (TRL): with another stop token nearly every answer pays.</summary>
    EosToken,
}
