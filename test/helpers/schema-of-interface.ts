import { readFileSync } from 'node:fs';
import ts from 'typescript';
import type { JsonSchema } from '../unit/smoke/json-schema.js';

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

/** What a comment right above a declaration says, on one line. */
function describeNode(node: ts.Node): { readonly description?: string } {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  const text = ts.getTextOfJSDocComment(comment?.comment);
  return text === undefined ? {} : { description: text.replaceAll(/\s+/g, ' ') };
}

class Converter {
  readonly #declarations = new Map<string, Declaration>();

  constructor(file: string) {
    const tree = ts.createSourceFile(
      file,
      readFileSync(file, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    for (const statement of tree.statements) {
      if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
        this.#declarations.set(statement.name.text, statement);
      }
    }
  }

  convertName(name: string): JsonSchema {
    const declaration = this.#declarations.get(name);
    if (declaration === undefined) throw new Error(`there is no type ${name}`);
    return ts.isInterfaceDeclaration(declaration)
      ? { ...describeNode(declaration), ...this.#convertMembers(declaration.members) }
      : { ...describeNode(declaration), ...this.#convert(declaration.type) };
  }

  #convertMembers(members: ts.NodeArray<ts.TypeElement>): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const member of members) {
      if (!ts.isPropertySignature(member) || member.type === undefined) {
        throw new Error(`${member.getText()} is no property`);
      }
      const name = member.name.getText();
      if (member.questionToken === undefined) required.push(name);
      properties[name] = { ...this.#convert(member.type), ...describeNode(member) };
    }
    return { type: 'object', additionalProperties: false, required, properties };
  }

  #convert(node: ts.TypeNode): JsonSchema {
    if (ts.isTypeOperatorNode(node)) return this.#convert(node.type);
    if (ts.isArrayTypeNode(node)) return { type: 'array', items: this.#convert(node.elementType) };
    if (ts.isTypeLiteralNode(node)) return this.#convertMembers(node.members);
    if (ts.isTypeReferenceNode(node)) return this.convertName(node.typeName.getText());
    if (ts.isUnionTypeNode(node)) return this.#convertUnion(node);
    switch (node.getText()) {
      case 'string':
        return { type: 'string' };
      case 'number':
        return { type: 'number' };
      case 'boolean':
        return { type: 'boolean' };
      default:
        return { enum: [this.#readLiteral(node)] };
    }
  }

  #convertUnion({ types }: ts.UnionTypeNode): JsonSchema {
    // A property that is undefined is not there in JSON.
    const members = types.filter(({ kind }) => kind !== ts.SyntaxKind.UndefinedKeyword);
    const [only] = members;
    if (only !== undefined && members.length === 1) return this.#convert(only);
    return { enum: members.map((member) => this.#readLiteral(member)) };
  }

  #readLiteral(node: ts.TypeNode): string | number {
    if (ts.isLiteralTypeNode(node)) {
      if (ts.isStringLiteral(node.literal)) return node.literal.text;
      if (ts.isNumericLiteral(node.literal)) return Number(node.literal.text);
    }
    throw new Error(`${node.getText()} can't be said in the schema`);
  }
}

/** The JSON Schema of an interface in a file, comments included; the file must have all types that it names. */
export function schemaOfInterface(file: string, name: string): JsonSchema {
  return new Converter(file).convertName(name);
}
