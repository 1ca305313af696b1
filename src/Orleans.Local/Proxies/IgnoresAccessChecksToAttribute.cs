namespace System.Runtime.CompilerServices;

/// <summary>Lets emitted code use the internals of an assembly. The runtime recognises the attribute by its name.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
