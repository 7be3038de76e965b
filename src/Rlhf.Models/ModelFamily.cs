namespace Rlhf.Models;

/// <summary>The architectures that are understood, by <c>model_type</c> of their config.json.</summary>
public enum ModelFamily
{
    /// <summary><c>gpt2</c>: learned positions, Conv1D weights [in, out].</summary>
    Gpt2,

    /// <summary><c>gpt_neox</c> (Pythia): partial rotary positions, parallel or sequential residual.</summary>
    GptNeoX,

    /// <summary><c>llama</c>: rotary positions, grouped queries, RMS norm, gated MLP.</summary>
    Llama,

    /// <summary><c>qwen2</c>: as Llama, with bias on queries, keys and values.</summary>
    Qwen2,

    /// <summary><c>mistral</c>: as Llama, with an optional sliding window.</summary>
    Mistral,
}
