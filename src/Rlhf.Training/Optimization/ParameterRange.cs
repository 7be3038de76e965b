namespace Rlhf.Training.Optimization;

/// <summary>One named tensor in a model's flat parameter and gradient buffers.</summary>
/// <param name="Name">Name as the checkpoint has it; what errors and saved states name.</param>
/// <param name="Offset">First element in the flat buffers.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="Decays">
/// Whether weight decay applies: matrices yes; biases and norm weights no, as Hugging Face's Trainer groups them.
/// </param>
public readonly record struct ParameterRange(string Name, int Offset, int Count, bool Decays);
