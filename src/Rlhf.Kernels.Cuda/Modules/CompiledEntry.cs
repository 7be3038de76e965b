namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>What the compiler says of one entry. All 0 in PTX, where registers are not assigned yet.</summary>
/// <param name="Name">The entry.</param>
/// <param name="Registers">Registers a thread.</param>
/// <param name="StackBytes">Stack frame a thread.</param>
/// <param name="SpillStores">Bytes of registers spilled to memory.</param>
/// <param name="SpillLoads">Bytes read back.</param>
/// <param name="SharedBytes">Static shared memory a block.</param>
public readonly record struct CompiledEntry(string Name, int Registers, int StackBytes, int SpillStores, int SpillLoads, int SharedBytes);
